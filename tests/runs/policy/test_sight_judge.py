"""The judge `sight`, trained: what it learns from is what it is shown, and it learns."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from judge_films import CONFIG, SIZES, films, write_policy, written

from leapcasa.envs.phrases import phrases
from leapcasa.envs.skills import parse
from leapcasa.judges.base import COMPLETE
from leapcasa.judges.sight import SightJudge
from leapcasa.judges.sight import checkpoint as judge_checkpoint
from leapcasa.judges.sight.network import Network
from leapcasa.policies.embedded import checkpoint
from leapcasa.runs import manifest
from leapcasa.runs.cli import main
from leapcasa.runs.judge_training import calibrate, sight, sight_look
from leapcasa.runs.judge_training.sight_data import UNTOUCHED, joined, windows
from leapcasa.runs.policy import dataset
from leapcasa.runs.policy.episode_file import NOBODY
from leapcasa.sight import folder as folders


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judge")
    torch.manual_seed(3)
    network = Network(CONFIG)
    (folder / folders.CONFIG).write_text(judge_checkpoint.config_json(CONFIG, {}))
    (folder / judge_checkpoint.KIND.weights).write_bytes(folders.weights_bytes(network))
    return folder


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A policy that has learned nothing; its eye is real."""
    return write_policy(tmp_path_factory.mktemp("policy"))


@pytest.mark.sim
def test_windows_of_demonstrations_are_what_the_judge_is_shown(demos: Path, judge: Path):
    one = dataset.load([demos], SIZES)[0]
    network = judge_checkpoint.load(judge)
    data = windows([one], [], network.look, CONFIG, seed=None)
    with torch.inference_mode():
        margins = joined(network, data, torch.arange(len(data.complete))).mean(1)
    asked = SightJudge(path=str(judge))
    every, number = one.header.look_every, 0
    for look in range(len(one.outer)):
        step = look * every
        if step and one.subtask[step - 1] != one.subtask[step]:
            continue  # its truth is that of the subtask before
        shown = one.outer[: look + 1].transpose(0, 1, 3, 4, 2).repeat(every, 0)
        shown = np.concatenate([shown[:1].repeat(64, 0), shown])[-64:]
        verdict = asked.score({"right": shown[:, 0], "left": shown[:, 1]}, one.text(step))
        assert verdict.margin == pytest.approx(float(margins[number]), abs=1e-4)
        assert bool(data.complete[number]) == (one.progress[step] >= 1.0)
        number += 1
    assert number == len(data.complete)
    assert 0 < float(data.complete.mean()) < 0.6


@pytest.mark.sim
def test_what_undoes_a_subtask_is_shown_onwards_and_backwards(demos: Path, judge: Path):
    """The lid that is being closed, backwards, is a lid that is being opened."""
    one = dataset.load([demos], SIZES)[0]
    network = judge_checkpoint.load(judge)
    data = windows([one], [], network.look, CONFIG, seed=None, undone=True)
    (begin, end), every = next(one.subtasks()), one.header.look_every
    assert parse(one.text(0)).verb == "close"
    undone = np.flatnonzero(data.names == "open kettle_lid")
    known = [one.progress[step] for step in range(begin * every, end * every, every)]
    untouched = [p <= UNTOUCHED for p in known if p <= UNTOUCHED or p >= 1.0]
    assert 0 < sum(untouched) < len(untouched)
    assert data.complete[undone].bool().tolist() == np.repeat(untouched, 2).tolist()
    with torch.inference_mode():
        margins = joined(network, data, torch.from_numpy(undone)).mean(1)
    asked = SightJudge(path=str(judge))
    first = next(i for i, p in enumerate(known) if p <= UNTOUCHED or p >= 1.0)
    shown = one.outer[first : min(end, first + 16)][::-1].transpose(0, 1, 3, 4, 2)
    shown = np.concatenate([shown[:1].repeat(16, 0), shown])[-16:].repeat(every, 0)
    text = phrases(parse("open the kettle lid"))[0]
    verdict = asked.score({"right": shown[:, 0], "left": shown[:, 1]}, text)
    assert verdict.margin == pytest.approx(float(margins[1]), abs=1e-4)


@pytest.mark.sim
def test_posed_looks_are_windows_in_which_nothing_moves(demos: Path, judge: Path):
    played = dataset.load([demos], SIZES)[0]
    one = replace(played, header=replace(played.header, driver=NOBODY))
    network = judge_checkpoint.load(judge)
    data = windows([one], [], network.look, CONFIG, seed=None)
    every, asked = one.header.look_every, SightJudge(path=str(judge))
    assert len(data.complete) == len(one.outer)  # at a subtask's first look, too
    assert not data.changes.any()
    with torch.inference_mode():
        margins = joined(network, data, torch.arange(len(data.complete))).mean(1)
    for look in range(0, len(one.outer), 3):
        shown = one.outer[look].transpose(0, 2, 3, 1)[:, None].repeat(64, 1)
        verdict = asked.score(dict(zip(("right", "left"), shown, strict=True)),
                              one.text(look * every))  # fmt: skip
        assert verdict.margin == pytest.approx(float(margins[look]), abs=1e-4)
        assert bool(data.complete[look]) == (one.progress[look * every] >= 1.0)
        assert data.names[look] == one.name(look * every) + ", still"
    # Of what a look does not tell there is none.
    (_, lid), _ = one.subtasks()
    mixed = replace(one, skills=(parse("rotate the pan"), one.skills[1]))
    told = windows([mixed], [], network.look, CONFIG, seed=None).complete
    assert len(told) == len(one.outer) - lid


def test_windows_of_films_are_what_the_judge_is_shown(
    tmp_path: Path, film: Callable[..., np.ndarray], judge: Path
):
    path = written(tmp_path / "rows.jsonl", films(tmp_path, film))
    rows = manifest.load(path).rows
    network = judge_checkpoint.load(judge)
    data = windows([], rows, network.look, CONFIG, seed=None)
    with torch.inference_mode():
        made = joined(network, data, torch.arange(len(rows))).mean(1).tolist()
    asked, expected = SightJudge(path=str(judge)), []
    for row in rows:
        end = row.span.end + 1  # pyright: ignore
        clips: dict = {view: np.load(path)[:end][-64:] for view, path in row.clips.items()}
        expected.append(asked.score(clips, row.instruction).margin)
    assert sorted(made) == pytest.approx(sorted(expected), abs=1e-4)
    assert float(data.complete.sum()) == sum(row.label == COMPLETE for row in rows)


def test_it_learns_what_is_to_be_seen_and_is_measured_as_any_judge(
    tmp_path: Path, film: Callable[..., np.ndarray], policy: Path, capsys
):
    clips = tmp_path / "clips"
    clips.mkdir()
    rows = films(clips, film, bright=120)
    for name in ("train", "val", "test"):
        written(clips / f"{name}.jsonl", rows)
    out = tmp_path / "out"
    words = ["judge", "train", str(clips), "--recipe", "sight", "--base-model", str(policy)]
    words += ["--set", "look_steps=0"]
    assert main([*words, "--set", "steps=150", "--out", str(out)]) == 0
    assert "held-out kitchens, complete" in capsys.readouterr().out
    facts = json.loads((out / "train.json").read_text())
    assert facts["held_out"]["all"]["accuracy"] == 1.0
    assert facts["held_out"]["majority"] == 0.5
    eye = judge_checkpoint.load(out).look.eye.where.weight
    own = checkpoint.load(policy).network.eyes.outer.where.weight
    assert torch.equal(eye, own)  # no step, no change
    words = ["judge", "eval", str(clips / "test.jsonl"), "--config", str(out / "judge.yaml")]
    assert main([*words, "--out", str(tmp_path / "eval"), "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["clips"] == 12
    words = ["judge", "train", "x", "--recipe", "sight", "--set", "lora=1"]
    assert main([*words, "--out", str(out)]) == 2


def test_a_judge_goes_on_learning(
    tmp_path: Path, film: Callable[..., np.ndarray], policy: Path, capsys
):
    """What was learned is still known after one more step; a new one knows nothing by then."""
    clips = tmp_path / "clips"
    clips.mkdir()
    for part in ("train", "val"):
        written(clips / f"{part}.jsonl", films(clips, film, bright=120))

    def trained(begin: Path, steps: int, out: str, member: int = 0) -> tuple[Path, dict]:
        words = ["judge", "train", str(clips), "--recipe", "sight", "--base-model", str(begin)]
        words += ["--set", "look_steps=0", "--set", f"steps={steps}", "--set", f"member={member}"]
        assert main([*words, "--out", str(tmp_path / out)]) == 0
        return tmp_path / out, json.loads((tmp_path / out / "train.json").read_text())

    first, _ = trained(policy, 150, "first")
    second, facts = trained(first, 1, "second")
    assert facts["held_out"]["all"]["accuracy"] == 1.0
    assert facts["began_as"] == folders.digest(first, judge_checkpoint.KIND)
    one, other = (judge_checkpoint.load(folder) for folder in (first, second))
    assert torch.equal(one.verdicts.mean, other.verdicts.mean)
    assert torch.equal(one.look.eye.where.weight, other.look.eye.where.weight)
    new, fresh = trained(policy, 1, "fresh")
    assert fresh["held_out"]["all"]["accuracy"] < 1.0
    words = ["judge", "join", str(new), "--add", str(first), "turn on the kettle"]
    assert main([*words, "--out", str(tmp_path / "both")]) == 0
    for member, right in ((0, False), (1, True)):
        _, facts = trained(tmp_path / "both", 1, f"member{member}", member)
        assert (facts["held_out"]["all"]["accuracy"] == 1.0) == right
    words = ["judge", "train", str(clips), "--recipe", "sight", "--base-model"]
    words += [str(tmp_path / "both"), "--set", "member=2", "--out", str(tmp_path / "none")]
    assert main(words) == 2
    assert "no member 2; there are 0 .. 1" in capsys.readouterr().err


def test_a_verdict_may_do_without_the_maps(
    tmp_path: Path, film: Callable[..., np.ndarray], policy: Path
):
    clips = tmp_path / "clips"
    clips.mkdir()
    for part in ("train", "val"):
        written(clips / f"{part}.jsonl", films(clips, film, bright=120))
    moved = {}
    for maps in (0, 1):
        words = ["judge", "train", str(clips), "--recipe", "sight", "--base-model", str(policy)]
        words += ["--set", "look_steps=0", "--set", "steps=20", "--set", f"maps={maps}"]
        assert main([*words, "--out", str(tmp_path / str(maps))]) == 0
        network = judge_checkpoint.load(tmp_path / str(maps))
        seen = torch.randn((4, CONFIG.looks, network.config.seen))
        other = seen.clone()
        other[..., : 3 * network.config.channels[0]] += 1.0
        rest = (torch.zeros(4, CONFIG.looks), torch.zeros(4, network.config.words), torch.zeros(4))
        with torch.inference_mode():
            said = [network.verdicts(one, *rest) for one in (seen, other)]
        moved[maps] = float((said[0] - said[1]).abs().max())
    assert moved[0] < 1e-3 < moved[1]


def test_a_training_that_is_stopped_goes_on_by_the_same_command_to_the_same_judge(
    tmp_path: Path, film: Callable[..., np.ndarray], policy: Path, monkeypatch
):
    clips = tmp_path / "clips"
    clips.mkdir()
    rows = films(clips, film, bright=120)
    for name in ("train", "val"):
        written(clips / f"{name}.jsonl", rows)
    words = ["judge", "train", str(clips), "--recipe", "sight", "--base-model", str(policy)]
    words += ["--set", "look_steps=3", "--set", "steps=5", "--out"]
    assert main([*words, str(tmp_path / "whole")]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(sight, "windows", _stopped)
        assert main([*words, str(tmp_path / "cut")]) == 130
    monkeypatch.setattr(sight_look, "learn", _stopped)  # the eye is not trained again
    assert main([*words, str(tmp_path / "cut")]) == 0
    one, other = (
        (tmp_path / name / judge_checkpoint.KIND.weights).read_bytes() for name in ("whole", "cut")
    )
    assert one == other


def _stopped(*args: object, **kwargs: object) -> None:
    raise KeyboardInterrupt


def test_the_eye_looks_for_what_it_is_to_learn_alone(
    tmp_path: Path, film: Callable[..., np.ndarray], policy: Path, monkeypatch,
    capsys: pytest.CaptureFixture[str],
):  # fmt: skip
    clips = tmp_path / "clips"
    clips.mkdir()
    for name in ("train", "val"):
        written(clips / f"{name}.jsonl", films(clips, film))
    words = ["judge", "train", str(clips), "--recipe", "sight", "--base-model", str(policy)]
    words += ["--set", "look_steps=1", "--set", "steps=2"]
    seen: list[set[str]] = []

    def noted(look: object, shown: list[sight_look.Shown], **_: object) -> None:
        seen.append({one.name for one in shown})

    monkeypatch.setattr(sight_look, "learn", noted)
    assert main([*words, "--out", str(tmp_path / "all")]) == 0
    only = [*words, "--only", "stable_complete_30"]
    assert main([*only, "--out", str(tmp_path / "only")]) == 0
    assert seen == [{"stable_complete_30", "pre_completion_negative"}, {"stable_complete_30"}]
    parts = [
        json.loads((tmp_path / name / folders.CONFIG).read_text())["about"]
        for name in ("all", "only")
    ]
    assert parts[0]["windows"] == parts[1]["windows"]  # verdicts are learned from all
    capsys.readouterr()
    assert main([*words, "--only", "place sink", "--out", str(tmp_path / "none")]) == 2
    assert "show no such skill" in capsys.readouterr().err


def test_the_eye_learns_how_a_part_stands_from_single_looks(
    tmp_path: Path, film: Callable[..., np.ndarray]
):
    rows = manifest.load(written(tmp_path / "rows.jsonl", films(tmp_path, film, bright=120))).rows
    shown = sight_look.looks_of([], rows, CONFIG)
    assert [one.complete for one in shown] == [
        row.label == COMPLETE for row in sorted(rows, key=lambda row: str(row.clips["right"]))
    ]
    right = np.load(rows[0].clips["right"])[rows[0].span.end]  # pyright: ignore
    assert np.array_equal(shown[0].pictures[shown[0].at, 0].transpose(1, 2, 0), right)
    torch.manual_seed(0)
    look = Network(CONFIG).look
    before = look.eye.where.weight.clone()
    sight_look.learn(look, shown, steps=120, seed=1, told=lambda total, done: None)
    assert not torch.equal(before, look.eye.where.weight)
    said = sight_look.rightness(look, shown)
    assert said["complete"] == 1.0
    assert said["not complete"] == 1.0


def test_an_interrupted_training_keeps_its_eye(tmp_path: Path):
    torch.manual_seed(0)
    one, other = Network(CONFIG).look, Network(CONFIG).look
    path = tmp_path / "look.safetensors"
    assert not sight_look.restore(other, path, "a")
    sight_look.keep(one, path, "a")
    assert not sight_look.restore(other, path, "b")  # trained in another way
    assert not torch.equal(one.eye.where.weight, other.eye.where.weight)
    assert sight_look.restore(other, path, "a")
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    path.write_bytes(path.read_bytes()[:1000])
    assert not sight_look.restore(other, path, "a")


@pytest.mark.sim
def test_looks_of_demonstrations_keep_what_is_true_of_them(demos: Path):
    (one, *_) = dataset.load([demos], SIZES)
    shown = sight_look.looks_of([one], [], CONFIG)
    assert len(shown) == len(one.outer)
    for look, said in enumerate(shown):
        step = one.step(look)
        assert said.pictures[said.at] is not None
        assert said.text(None) == one.header.subtasks[int(one.subtask[step])]
        begun = step > 0 and one.subtask[step - 1] != one.subtask[step]
        history = (skill := one.skills[int(one.subtask[step])]) and skill.verb == "sweep"
        if begun or history:
            assert said.complete is None
        else:
            assert said.complete == (one.progress[step] >= 1.0)


@pytest.mark.sim
def test_looks_of_a_wait_are_learned_from_where_its_clock_is_known(
    demos: Path, tmp_path: Path, film: Callable[..., np.ndarray]
):
    (one, *_) = dataset.load([demos], SIZES)
    plain = [said.complete for said in sight_look.looks_of([one], [], CONFIG)]
    assert {True, False} <= set(plain)
    for text, expected in (
        ("Wait until the sauce has simmered", plain),
        ("Sweep the spout over the basin", [None] * len(plain)),
    ):
        other = replace(one, skills=[parse(text)] * len(one.skills))
        assert [said.complete for said in sight_look.looks_of([other], [], CONFIG)] == expected
        unknown = replace(other, progress=np.full_like(one.progress, np.nan))
        said = sight_look.looks_of([unknown], [], CONFIG)
        assert [look.complete for look in said] == [None] * len(plain)
        rows = [{**row, "instruction": text} for row in films(tmp_path, film)]
        shown = manifest.load(written(tmp_path / "rows.jsonl", rows)).rows
        assert all(look.complete is None for look in sight_look.looks_of([], shown, CONFIG))


def test_bad_requests_are_refused(tmp_path: Path, policy: Path, capsys):
    words = ["judge", "train", str(tmp_path), "--recipe", "sight", "--base-model", str(policy)]
    assert main([*words, "--out", str(tmp_path / "out")]) == 2
    assert "holds no demonstrations" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main([*words, "--out", str(tmp_path / "file")]) == 2
    assert "is a file" in capsys.readouterr().err
    assert main([*words, "--out", str(tmp_path / "file" / "out")]) == 2
    assert "cannot write to" in capsys.readouterr().err
    assert main(["judge", "train", "a", "b", "--out", str(tmp_path / "out")]) == 2
    assert "one DATA" in capsys.readouterr().err


def test_nothing_is_said_of_single_looks_where_none_tells_what_is_done(judge: Path):
    """A pan that is turned is turned from where it was: one look does not tell it."""
    assert sight_look.rightness(judge_checkpoint.load(judge).look, []) == {}


@pytest.mark.sim
def test_a_judge_may_be_calibrated_on_every_kitchen_of_a_folder_it_never_saw(
    demos: Path, judge: Path, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]
):
    every = dataset.load([demos], SIZES)
    network = judge_checkpoint.load(judge)
    count = {
        all_of_them: sum(
            len(windows([one], [], network.look, CONFIG, seed=None).complete)
            for one in every
            if all_of_them or one.held_out
        )
        for all_of_them in (False, True)
    }
    assert count[False] < count[True]
    monkeypatch.setattr(calibrate, "LEAST", 1)
    words = ["judge", "calibrate", str(demos), "--base-model", str(judge), "--json"]
    for all_of_them, more in ((False, []), (True, ["--all"])):
        out = str(tmp_path / f"{all_of_them}")
        if not count[all_of_them]:
            assert main([*words, *more, "--out", out]) == 2
            continue
        capsys.readouterr()
        assert main([*words, *more, "--out", out]) == 0
        said = json.loads(capsys.readouterr().out)["members"]["0"]
        assert said["windows"] == count[all_of_them]
