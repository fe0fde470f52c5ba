"""Samples made and looked through: bad rows, composed instructions, held-out tasks, archives."""

import io
import json
import re
import subprocess
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers import data_set, lines, picture
from PIL import Image

from leapcasa.agent import answer, prompts
from leapcasa.agent.base import Attempt
from leapcasa.envs import composites
from leapcasa.runs.encoder import ffmpeg
from leapcasa.runs.plan_reading import read
from leapcasa.runs.workshop import compose, grammar, relex, rows, said, splits, wording

# check -------------------------------------------------------------------------------------------


def spoil(folder: Path) -> None:
    """Add a bad row of every kind to a data set."""
    good = json.loads((folder / "train.jsonl").read_text().splitlines()[0])

    def changed(old: str, new: str) -> str:
        return json.dumps(good).replace(old, new)

    whole = (folder / "images/0.png").read_bytes()
    (folder / "images/cut.png").write_bytes(whole[: len(whole) // 2])
    picture(folder / "images/dot.png", 1, 8)
    bad = [
        "{not json",
        json.dumps({"messages": []}),
        json.dumps({**good, "target": {"steps": "  "}}),
        json.dumps({**good, "target": {"steps": "just words"}}),
        changed("images/0.png", "images/gone.png"),
        changed("images/0.png", "images/cut.png"),
        changed("images/0.png", "images/dot.png"),
        json.dumps(good),
        changed("Task name", "<|im_end|>"),
        changed("images/0.png", "/nowhere/1.png"),
        json.dumps({**good, "target": {"steps": "1) Something else"}}),
    ]
    with (folder / "train.jsonl").open("a") as stream:
        stream.write("\n".join(bad) + "\n")


def test_every_kind_of_bad_row_is_found_and_the_rest_is_written(command, tmp_path):
    data = data_set(tmp_path / "data")
    spoil(data)
    code, told, _ = command("plan", "data", "check", str(data / "train.jsonl"))
    assert code == 1
    assert told["rows"] == 15
    assert told["dropped"] == {
        "malformed": 2,
        "empty target": 1,
        "no steps": 1,
        "missing image": 1,
        "corrupt image": 1,
        "odd image": 1,
        "duplicate": 1,
        "control tokens": 1,
    }
    assert told["notes"] == {"contradiction": 1, "image found elsewhere": 1}
    assert [p["line"] for p in told["problems"] if p["kind"] == "duplicate"] == [12]
    out = tmp_path / "elsewhere" / "mended.jsonl"
    out.parent.mkdir()
    code, told, _ = command("plan", "data", "check", str(data / "train.jsonl"), "--out", str(out))
    assert code == 0
    kept = [rows.parse(line, out.parent, n) for n, line in rows.lines(out)]
    assert len(kept) == told["kept"] == 6
    assert all(path.is_file() for row in kept for path in row.images)
    code, told, _ = command("plan", "data", "check", str(out))
    assert (code, told["dropped"]) == (0, {})


def test_bad_files_are_bad_input(command, tmp_path):
    assert command("plan", "data", "check", str(tmp_path / "none.jsonl"))[0] == 2
    (tmp_path / "empty.jsonl").write_text("\n")
    assert command("plan", "data", "check", str(tmp_path / "empty.jsonl"))[0] == 2
    good = data_set(tmp_path / "data") / "train.jsonl"
    assert command("plan", "data", "check", str(good), "--out", str(good))[0] == 2


# RoboCasa ----------------------------------------------------------------------------------------


def test_the_parts_are_all_300_tasks_once_and_the_same_every_time():
    parts = splits.tasks()
    assert {name: len(part) for name, part in parts.items()} == {
        "train": 220,
        "val": 20,
        "held_out": 60,
    }
    assert sorted(t for part in parts.values() for t in part) == sorted(composites.all_steps())
    assert splits.tasks() == parts != splits.tasks(1)


@pytest.mark.parametrize("rich", [False, True])
def test_made_up_instructions_are_understood_as_the_steps_they_come_with(rich):
    random = np.random.default_rng(3)
    for _ in range(300):
        text, steps = grammar.instruction(random, rich=rich)
        reading = read(steps)
        assert not reading.unknown
        assert len(reading.actions) == len(steps)
        objects = {n for a in reading.actions for n in a.names("object")}
        assert all(name.split()[-1][:3] in text.lower() for name in objects), (text, steps)


PATTERN = compose.Pattern(
    task="Try",
    instruction="Pick both eggs from the fridge and place them in the bowl on the counter.",
    steps=(
        "Open the fridge door.",
        *["Pick the egg from the fridge and place it in the bowl."] * 2,
    ),
    names=("egg", "bowl"),
)


def test_things_change_together_in_instruction_and_steps():
    random = np.random.default_rng(0)
    seen = set()
    for _ in range(60):
        text, steps = relex.relexed(
            PATTERN.instruction, PATTERN.steps, PATTERN.names, random, change=1.0
        )
        told = re.fullmatch(
            r"Pick the (.+) from the .+ and place it (?:in|on) the (.+)\.", steps[1]
        )
        thing, dish = told.groups()
        assert said.mentions(text, thing), (text, steps)
        assert said.mentions(text, dish)
        assert steps[1] == steps[2]
        assert steps[0].startswith("Open the ")
        seen.add(thing)
    assert len(seen) > 20


def test_composed_samples_come_from_their_seed_and_tell_what_is_left():
    one = list(compose.compose([PATTERN], 400, seed=5, replans=0.5))
    assert one == list(compose.compose([PATTERN], 400, seed=5, replans=0.5))
    assert one != list(compose.compose([PATTERN], 400, seed=6, replans=0.5))
    assert one != list(compose.compose([PATTERN], 400, seed=5, replans=0.5, rich=True))
    again = [made for made in one if made.history]
    assert 80 < len(again) < 280
    for made in again:
        done = [a for a in made.history if a.outcome == "done"]
        assert done
        failed = [a for a in made.history if a.outcome == "failed"]
        assert all(made.steps[0].startswith(a.text) for a in failed)
    assert {made.source for made in one} <= {"Try", "Try+Try", "grammar"}


def test_words_for_training_and_for_tests_differ_and_keep_the_nouns():
    random = np.random.default_rng(1)
    text = "Pick up the red mug. Then place it in the sink and turn on the faucet."
    told: dict[str, set[str]] = {"train": set(), "held_out": set()}
    for words in ("train", "held_out"):
        for _ in range(40):
            other = wording.paraphrase(text, random, words, change=1.0)
            assert {"red", "mug", "sink", "faucet"} <= set(other.replace(".", "").split())
            told[words].add(other)
    assert not told["train"] & told["held_out"]
    assert len(told["train"]) > 20
    verbs = [set(v["train"]) & set(v["held_out"]) for v in wording._VERBS.values()]
    assert not any(verbs)


def test_steps_name_things_as_the_instruction_does():
    composite = composites.steps("BeverageOrganization")
    names = {"obj_0": "wine", "obj_1": "boxed drink"}
    told = said.names(composite, names, "Move the drinks to the dining counter.")
    assert set(told.values()) == {"drink"}
    told = said.names(composite, names, "Move the wine and the boxed drink.")
    assert set(told.values()) == {"wine", "boxed drink"}


def test_several_of_a_thing_are_told_apart_so_that_the_planner_takes_the_plan():
    steps = ["Pick the egg from the plate and place it in the bowl."] * 5
    assert answer.read(said.numbered(steps)).refused
    apart = said.distinct(steps)
    read_back = answer.read(said.numbered(apart))
    assert not read_back.refused
    assert len(read_back.steps) == 5
    assert len(read(read_back.steps).actions) == 5
    assert said.distinct(["Open it", "Close it", "Open it"]) == ("Open it", "Close it", "Open it")


def test_a_prompt_is_the_planners_own_word_for_word():
    template = prompts.load("short-1")
    history = (Attempt(text="Open it", outcome="done"),)
    assert template.text("Take the mug.") == (
        "Task name: Take the mug. Based on the picture, list the steps."
    )
    assert "Done already: Open it. Failed: nothing." in template.text("Take it", history)


# recordings --------------------------------------------------------------------------------------


def png(colour: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (48, 32), (colour, 0, 0)).save(stream, "png")
    return stream.getvalue()


def info(folder: Path) -> Path:
    """Annotations of four episodes, one without steps."""

    def episode(number: int, steps: list[str]) -> dict:
        actions = [{"start_frame": 10 * i, "end_frame": 10 * i + 9, "action_text": text}
                   for i, text in enumerate(steps)]  # fmt: skip
        return {"episode_id": number, "task_name": "Pick items", "init_scene_text": "A shop.",
                "label_info": {"action_config": actions[::-1]}}  # fmt: skip

    path = folder / "task_327.json"
    path.write_text(
        json.dumps(
            [
                episode(1, ["Take the pear.", "Take the pear.", "Put it in the bag."]),
                episode(2, ["Take the plum."]),
                episode(3, []),
                episode(4, ["Take the lime."]),
            ]
        )
    )
    return path


def hostile_tar(path: Path) -> None:
    with tarfile.open(path, "w:gz") as archive:

        def add(name: str, data: bytes = b"", **fields: object) -> None:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            for key, value in fields.items():
                setattr(entry, key, value)
            archive.addfile(entry, io.BytesIO(data))

        add("327/1/camera/7/head_color.png", png(7))
        add("327/1/camera/0/head_color.png", png(100))
        add("327/1/camera/0/hand_left.png", png(9))
        add("../../1/camera/0/head_evil.png", png(1))
        add("/etc/2/camera/0/head_color.png", png(1))
        add("327/2/camera/0/head_color.png", type=tarfile.SYMTYPE, linkname="/etc/passwd")
        add("327/4/camera/0/head_color.png", b"no picture")


def test_archives_become_samples_and_nothing_leaves_the_folder(command, tmp_path):
    hostile_tar(tmp_path / "327.tar.gz")
    out = tmp_path / "inner" / "out"
    code, told, _ = command(
        "plan",
        "data",
        "agibot",
        str(info(tmp_path)),
        str(tmp_path / "327.tar.gz"),
        "--out",
        str(out),
    )
    assert code == 1  # what is refused is told
    assert told["samples"] == 1
    assert any("a path that leads out" in why for why in told["errors"].values())
    assert any("a link or device" in why for why in told["errors"].values())
    assert any("no picture" in why for why in told["errors"].values())
    (row,) = lines(out / "agibot.jsonl")
    assert row["target"]["steps"] == "1) Take the pear\n2) Put it in the bag"
    assert row["messages"][0]["content"][0]["image"] == "images/327-1.png"
    assert np.asarray(Image.open(out / "images/327-1.png"))[0, 0, 0] == 100  # the first frame
    assert sorted(p.name for p in out.rglob("*") if p.is_file()) == ["327-1.png", "agibot.jsonl"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["327.tar.gz", "inner", "task_327.json"]
    code, told, _ = command("plan", "data", "check", str(out / "agibot.jsonl"))
    assert (code, told["dropped"]) == (0, {})


def test_films_of_zips_and_folders_are_read_and_not_read_again(command, tmp_path):
    film = tmp_path / "film.mp4"
    _film(film)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("task_info/task_5.json", info(tmp_path).read_text())
        archive.write(film, "observations/5/1/videos/head_color.mp4")
        archive.writestr("observations/5/2/videos/head_color.mp4", b"no film")
    folder = tmp_path / "recordings" / "4" / "videos"
    folder.mkdir(parents=True)
    (folder / "head_color.mp4").write_bytes(film.read_bytes())
    out = tmp_path / "out"
    asked = ["plan", "data", "agibot", str(tmp_path / "a.zip"), str(tmp_path / "recordings")]
    code, told, _ = command(*asked, "--out", str(out))
    assert (code, told["samples"]) == (1, 2)
    assert len(told["errors"]) == 1
    first = {p: p.stat().st_mtime_ns for p in (out / "images").iterdir()}
    assert {p.name for p in first} == {"5-1.png", "5-4.png"}
    red = np.asarray(Image.open(out / "images/5-1.png")).mean((0, 1))
    assert red[0] > 150 > red[2]
    command(*asked, "--out", str(out))
    assert first == {p: p.stat().st_mtime_ns for p in (out / "images").iterdir()}


def test_an_archive_that_is_too_large_or_broken_is_refused(command, tmp_path):
    (tmp_path / "bad.tar").write_bytes(b"x" * 2000)
    hostile_tar(tmp_path / "a.tar.gz")
    for source, limit in (("bad.tar", "50"), ("a.tar.gz", "0.0000001")):
        code, told, _ = command(
            "plan", "data", "agibot", str(info(tmp_path)), str(tmp_path / source),
            "--out", str(tmp_path / f"out-{source}"), "--max-gigabytes", limit,
        )  # fmt: skip
        assert code == 1
        assert told["samples"] == 0
        assert len(told["errors"]) == 1
    assert command("plan", "data", "agibot", str(tmp_path / "no.tar"), "--out", "x")[0] == 2


def _film(path: Path) -> None:
    """A film whose first frame is red and whose others are blue."""
    red, blue = np.zeros((2, 48, 64, 3), np.uint8)
    red[..., 0], blue[..., 2] = 220, 220
    raw = b"".join([red.tobytes(), *[blue.tobytes()] * 5])
    subprocess.run(
        [ffmpeg(), "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "64x48", "-r", "20",
         "-i", "-", "-g", "1", str(path)], input=raw, check=True, capture_output=True,
    )  # fmt: skip


@pytest.mark.parametrize("layout", ["v2.1", "v3.0"])
def test_subtask_annotations_become_samples(command, tmp_path, layout):
    import pyarrow
    import pyarrow.parquet

    root = tmp_path / "demos"
    key = "observation.images.robot0_agentview_right"
    whole = layout == "v3.0"
    video = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"
    if whole:
        video = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
    features = {
        "observation.images.robot0_eye_in_hand": {"dtype": "video"},
        key: {"dtype": "video"},
    }
    (root / "meta").mkdir(parents=True)
    (root / "meta/info.json").write_text(
        json.dumps(
            {"codebase_version": layout, "fps": 20, "video_path": video, "features": features}
        )
    )
    texts = ["Make tea.", "pick up the mug", "fill it", "done"]
    table = [{"task_index": i, "task": t} for i, t in enumerate(texts)]
    (root / "meta/tasks.jsonl").write_text("\n".join(map(json.dumps, table)))
    frames = [
        {
            "episode_index": episode,
            "frame_index": frame,
            "task_index": 0,
            "annotation.human.subtask": [[1, 2, 3][frame // 2]],
        }
        for episode in (0, 1)
        for frame in range(6)
    ]
    name = "chunk-000/file-000.parquet" if whole else "chunk-000/episode_000000.parquet"
    (root / "data/chunk-000").mkdir(parents=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(frames), root / "data" / name)
    if whole:
        places = [
            {
                "episode_index": episode,
                f"videos/{key}/chunk_index": 0,
                f"videos/{key}/file_index": 0,
                f"videos/{key}/from_timestamp": 0.05 * episode,
            }
            for episode in (0, 1)
        ]
        (root / "meta/episodes/chunk-000").mkdir(parents=True)
        pyarrow.parquet.write_table(
            pyarrow.Table.from_pylist(places), root / "meta/episodes/chunk-000/file-000.parquet"
        )
    place = {"video_key": key, "episode_chunk": 0, "chunk_index": 0, "file_index": 0}
    film = root / video.format(**place, episode_index=0)
    film.parent.mkdir(parents=True)
    _film(film)
    out = tmp_path / "out"
    code, told, _ = command("plan", "data", "lerobot", str(root), "--out", str(out))
    made = lines(out / "lerobot.jsonl")
    assert made[0]["target"]["steps"] == "1) pick up the mug\n2) fill it"
    assert "Task name: Make tea. Based on" in made[0]["messages"][0]["content"][1]["text"]
    first = np.asarray(Image.open(out / "images/demos-0.png")).mean((0, 1))
    assert first[0] > 150 > first[2]
    if whole:
        second = np.asarray(Image.open(out / "images/demos-1.png")).mean((0, 1))
        assert second[2] > 150 > second[0]  # it begins at the second frame
        assert (code, told["samples"]) == (0, 2)
    else:
        assert (code, told["samples"]) == (1, 1)  # the second film is not there
        assert "missing" in next(iter(told["errors"].values()))


def test_a_data_set_without_annotations_is_refused(command, tmp_path):
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta/info.json").write_text("{}")
    code, told, _ = command("plan", "data", "lerobot", str(tmp_path), "--out", str(tmp_path / "o"))
    assert code == 2
    assert "no data" in told["error"]
