"""A dataset of real episodes: made by the command line, killed, continued, and read again."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from dying_films import dies, dies_once

from leapcasa.envs.sensors import Sensors, View
from leapcasa.judges.base import COMPLETE, NOT_COMPLETE
from leapcasa.runs import manifest
from leapcasa.runs.cli import main
from leapcasa.runs.clip_files import Span, read_clip, read_views
from leapcasa.runs.console import Console
from leapcasa.runs.judge_data import command
from leapcasa.runs.judge_data.assemble import assemble
from leapcasa.runs.judge_data.films import Films
from leapcasa.runs.judge_data.record import record
from leapcasa.runs.judge_data.script import MANNERS, draw

TASK, SEED = "StartElectricKettle", 2564  # two short episodes
ARGUMENTS = [
    TASK,
    "--episodes",
    "2",
    "--size",
    "64",
    "--profile",
    "fast",
    "--test-share",
    "0.5",
    "--seed",
    str(SEED),
]


def start(out: Path) -> subprocess.Popen:
    code = "import sys; from leapcasa.runs.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.Popen(
        [sys.executable, "-c", code, "judge", "data", *ARGUMENTS, "--out", str(out), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset whose command was killed in its second episode."""
    out = tmp_path_factory.mktemp("data") / "d"
    process = start(out)
    deadline = time.monotonic() + 240
    while not list(out.glob("films/*/.000001.*.part")) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL
    return out


@pytest.fixture(scope="module")
def dataset(killed: Path) -> tuple[Path, dict[str, Any], float]:
    """The same after the command was given again; what it printed; when episode 0 was made."""
    assert [p.name for p in killed.glob("truth/*/*.json")] == ["000000.json"]
    made = (killed / "truth/0000/000000.json").stat().st_mtime
    process = start(killed)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return killed, json.loads(out), made


def rows(folder: Path) -> list[manifest.Row]:
    found = []
    for name in ("train", "val", "test"):
        path = folder / f"{name}.jsonl"
        if path.read_text():
            found += manifest.load(path).rows
    return found


def test_a_killed_command_goes_on_and_loses_one_episode(dataset: Any) -> None:
    folder, printed, made = dataset
    assert (folder / "truth/0000/000000.json").stat().st_mtime == made
    assert not list(folder.rglob("*.part"))
    assert printed["episodes"] == 2
    assert printed["broken"] == {}
    for name, figures in printed["splits"].items():
        lines = (folder / f"{name}.jsonl").read_text().splitlines()
        assert len(lines) == figures["samples"]


def test_the_continued_episode_is_the_one_an_uninterrupted_command_makes(
    dataset: Any, tmp_path: Path
) -> None:
    folder, _, _ = dataset
    request = command.DataRequest(
        out=tmp_path, tasks=[TASK], episodes=2, size=64, profile="fast", test_share=0.5, seed=SEED
    )
    job = list(command.plan(request, tmp_path))[1]
    assert job.kitchens == "target"
    assert record(job)["error"] is None
    for path in (job.truth, job.film("right"), job.film("left")):
        assert path.read_bytes() == (folder / path.relative_to(tmp_path)).read_bytes()


def test_the_test_alone_is_that_of_the_whole(dataset: Any, tmp_path: Path, capsys) -> None:
    """Nothing is recorded here: episode 0 is of a pretrain kitchen, 1 of a target one."""
    whole, printed, _ = dataset
    folder = tmp_path / "d"
    shutil.copytree(whole, folder)
    first = [path.relative_to(whole) for path in whole.rglob("000000.*")]
    assert len(first) == 3
    for path in first:
        (folder / path).unlink()
    assert main(["judge", "data", *ARGUMENTS, "--test-only", "--out", str(folder), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["episodes"], said["test_only"], said["broken"]) == (1, True, {})
    assert said["splits"]["test"] == printed["splits"]["test"]
    assert not any((folder / path).exists() for path in first)
    names = [f"{name}.jsonl" for name in ("train", "val", "test")]
    assert [(folder / name).read_bytes() for name in names] == [
        b"", b"", (whole / "test.jsonl").read_bytes(),
    ]  # fmt: skip
    # What is recorded besides stays in the dataset, asked for or not.
    for path in first:
        shutil.copy2(whole / path, folder / path)
    assert main(["judge", "data", *ARGUMENTS, "--test-only", "--out", str(folder)]) == 0
    assert all((folder / name).read_bytes() == (whole / name).read_bytes() for name in names)


@pytest.mark.parametrize(("share", "held_out"), [(0.0, 0), (0.4, 4), (1.0, 10)])
def test_a_share_of_the_episodes_is_played_in_target_kitchens(
    share: float, held_out: int, tmp_path: Path
) -> None:
    request = command.DataRequest(out=tmp_path, tasks=[TASK], episodes=10, test_share=share)
    kitchens = [job.kitchens for job in command.plan(request, tmp_path)]
    assert kitchens.count("target") == held_out
    assert kitchens.count("pretrain") == 10 - held_out


def test_rows_are_balanced_and_their_scenes_in_one_split(dataset: Any) -> None:
    folder, _, _ = dataset
    found = rows(folder)
    labels = Counter(row.label for row in found)
    assert labels[COMPLETE] >= 5
    assert labels[NOT_COMPLETE] == 2 * labels[COMPLETE]
    scenes: dict[str, set[str]] = {}
    for row in found:
        scenes.setdefault(row.group, set()).add(Path(row.where.rpartition(":")[0]).stem)
    assert all(len(splits) == 1 for splits in scenes.values())
    assert {s for group, splits in scenes.items() for s in splits if "target" in group} == {"test"}


def test_a_row_shows_the_frames_up_to_its_end_and_none_behind(dataset: Any) -> None:
    folder, _, _ = dataset
    row = rows(folder)[0]
    assert row.span is not None
    whole = {view: read_clip(path, 10_000, Span(end=row.span.end)) for view, path in
             row.clips.items()}  # fmt: skip
    files = read_views(row.clips, 64, row.span)
    for view, file in files.items():
        assert np.array_equal(file.clip, whole[view].clip[-64:])
        assert file.clip.shape[1:] == (64, 64, 3)


def test_labels_are_the_referees_truth_at_the_end_of_the_clip(dataset: Any) -> None:
    folder, _, _ = dataset
    for row in rows(folder):
        assert row.span is not None
        stem = row.clips["right"].name.split(".")[0]
        facts = json.loads((folder / "truth/0000" / f"{stem}.json").read_text())
        told = [w for w in facts["watches"] if row.instruction in w["texts"]]
        states = {w["progress"][row.span.end - w["began"]] >= 1 for w in told
                  if w["began"] <= row.span.end}  # fmt: skip
        assert (row.label == COMPLETE) in states


def inputs(folder: Path) -> dict[str, tuple[str, str]]:
    """By row id: all that a judge reads of it, hashed; and its label."""
    found = {}
    for row in rows(folder):
        state = hashlib.sha256(row.instruction.encode())
        for view, file in sorted(read_views(row.clips, 64, row.span).items()):
            state.update(view.encode() + file.clip.tobytes())
        found[row.id] = (state.hexdigest(), row.label)
    return found


def test_scrambled_labels_leave_every_input_byte_as_it_is(dataset: Any, tmp_path: Path) -> None:
    folder, _, _ = dataset
    other = tmp_path / "scrambled"
    shutil.copytree(folder, other)
    films = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*.mp4")}
    # The oracle is turned round: what was complete is not, and the other way about.
    for path in other.glob("truth/*/*.json"):
        facts = json.loads(path.read_text())
        for watch in facts["watches"]:
            watch["progress"] = [0.0 if p >= 1 else 1.0 for p in watch["progress"]]
        path.write_text(json.dumps(facts))
    request = command.DataRequest(
        out=other, tasks=[TASK], episodes=2, size=64, profile="fast", test_share=0.5, seed=SEED
    )
    episodes, broken = command._read(list(command.plan(request, other)))
    assert not broken
    assemble(other, episodes, SEED)
    assert {p.relative_to(other): p.read_bytes() for p in other.rglob("*.mp4")} == films
    ours, theirs = inputs(folder), inputs(other)
    both = sorted(set(ours) & set(theirs))
    assert both
    assert all(ours[i][0] == theirs[i][0] for i in both)
    assert any(ours[i][1] != theirs[i][1] for i in both)


def test_exchanged_labels_leave_every_input_byte_as_it_is(dataset: Any, tmp_path: Path) -> None:
    folder, _, _ = dataset
    other = tmp_path / "exchanged"
    shutil.copytree(folder, other)
    for name in ("train", "val", "test"):
        lines = [json.loads(line) for line in (other / f"{name}.jsonl").read_text().splitlines()]
        told = [(line["label"], line["phase"]) for line in lines]
        for line, (label, phase) in zip(lines, told[1:] + told[:1], strict=True):
            line |= {"label": label, "phase": phase}
        (other / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ours, theirs = inputs(folder), inputs(other)
    assert list(ours) == list(theirs)
    assert [ours[i][0] for i in ours] == [theirs[i][0] for i in ours]
    assert [ours[i][1] for i in ours] != [theirs[i][1] for i in ours]


def test_names_and_order_say_nothing_of_labels(dataset: Any) -> None:
    folder, _, _ = dataset
    words = re.compile(r"complete|negative|stable|hard|terminal|partial|undone|nearly")
    for name in ("train", "test"):
        lines = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]
        assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
        for line in lines:
            shown = {k: v for k, v in line.items() if k not in ("label", "phase")}
            assert not words.search(json.dumps(shown))
            episode = int(re.findall(r"(\d{6})\.right", line["right"])[0])
            facts = [SEED, episode, line["end"], line["instruction"]]
            assert line["id"] == hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def look(image: np.ndarray, step: int, truth: object) -> Any:
    sensors = Sensors(
        images={"right": image, "left": image[:, ::-1]},
        proprioception=cast(Any, None),
        instruction="x",
        step=step,
    )
    return SimpleNamespace(sensors=sensors, truth=truth, events=())


def test_films_lose_nothing_and_do_not_depend_on_the_truth(film: Any, tmp_path: Path) -> None:
    frames = film(70, size=64)
    made: list[dict[View, Path]] = []
    for name, truth in (("a", True), ("b", False)):
        paths: dict[View, Path] = {v: tmp_path / name / f"{v}.mp4" for v in ("right", "left")}
        films = Films(paths)
        for step, frame in enumerate(frames):
            films.saw(look(frame, step, truth))
        films.close()
        made.append(paths)
    for view, shown in (("right", frames), ("left", frames[:, :, ::-1])):
        assert np.array_equal(read_clip(made[0][view], 100).clip, shown)
        assert made[0][view].read_bytes() == made[1][view].read_bytes()
    span = Span(begin=3, end=40)
    assert np.array_equal(read_clip(made[0]["right"], 64, span).clip, frames[3:41])
    assert np.array_equal(read_clip(made[0]["right"], 8, span).clip, frames[33:41])


def test_a_film_without_an_end_leaves_nothing(film: Any, tmp_path: Path) -> None:
    films = Films({"right": tmp_path / "a.mp4"})
    films.saw(look(film(1, size=64)[0], 0, None))
    films.abandon()
    assert list(tmp_path.iterdir()) == []


def test_another_request_for_the_same_folder_is_refused(dataset: Any) -> None:
    folder, _, _ = dataset
    before = (folder / "train.jsonl").read_bytes()
    request = command.DataRequest(out=folder, tasks=[TASK], episodes=2, size=96, seed=SEED)
    with pytest.raises(command.ConfigError, match="begun with size 64"):
        command._claim(folder, request)
    assert (folder / "train.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tasks": []}, "name tasks"),
        ({"tasks": ["RinseSinkBassin"]}, "RinseSinkBasin"),
        ({"tasks": [TASK, TASK]}, "twice"),
        ({"size": 63}, "odd"),
        ({"episodes": 0}, "--episodes 0"),
        ({"test_share": 1.1}, "--test-share"),
        ({"test_share": 0.0, "test_only": True}, "leaves no episode: of 100 none"),
        ({"episodes": 9, "test_only": True}, "more --episodes"),
        ({"tasks": [], "lerobot": (Path("x"),), "test_only": True}, "--test-only is for tasks"),
        ({"lerobot": (Path("x"),)}, "one of both"),
    ],
)
def test_bad_requests_are_told(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    request = replace(command.DataRequest(out=tmp_path, tasks=[TASK]), **change)
    with pytest.raises(command.ConfigError, match=message):
        command._check(request)


def test_a_task_that_no_expert_can_do_ends_the_command() -> None:
    failures: dict[str, list[str]] = {}
    for _ in range(2):
        command._judge_failures(failures, "A", "no recipe")
    with pytest.raises(command.JudgeError, match="no recipe"):
        command._judge_failures(failures, "A", "no recipe")
    mixed: dict[str, list[str]] = {}
    for trouble in ("x", None, "x", "x", "x"):
        command._judge_failures(mixed, "A", trouble)


def test_an_episode_whose_process_died_is_recorded_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, play in (("once", dies_once), ("always", dies)):
        (tmp_path / name).mkdir()
        request = command.DataRequest(out=tmp_path / name, tasks=[TASK], episodes=2)
        monkeypatch.setattr(command, "record", play)
        command._record_all(list(command.plan(request, request.out)), 1, Console())
        tries = [path.read_text() for path in sorted((tmp_path / name).glob("tries-*"))]
        assert tries == ["xx", "xx"]
        told = capsys.readouterr().err
        assert ("second try" in told) == (name == "once")
        assert ("the worker died" in told) == (name == "always")


def test_scripts_follow_from_their_seed_and_undo_what_can_be_undone() -> None:
    texts, able = ["Turn on the sink"], {("turn_on", "faucet"), ("turn_off", "faucet")}
    drawn = [draw(texts, "", able, np.random.default_rng(i)) for i in range(60)]
    again = [draw(texts, "", able, np.random.default_rng(i)) for i in range(60)]
    assert drawn == again
    assert {len(one) for one in drawn} == {1, 2, 3}
    assert max(one[-1].stay for one in drawn) < 30 < max(s.stay for one in drawn for s in one)
    assert {s.manner for one in drawn for s in one} == set(MANNERS)
    unable = [draw(texts, "", {("turn_on", "faucet")}, np.random.default_rng(i)) for i in range(60)]
    assert {len(one) for one in unable} == {1}
