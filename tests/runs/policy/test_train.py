"""Training on two real demonstrations: it learns, goes on as if never stopped, refuses bad data."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from policy_demos import SEEDS, command, copied, outcomes
from safetensors.numpy import load_file

from leapcasa.envs.sensors import Proprioception, Sensors
from leapcasa.policies.embedded import EmbeddedPolicy, checkpoint
from leapcasa.runs.cli import main
from leapcasa.runs.policy import dataset, draws, episode_file, losses, presets, training

pytestmark = pytest.mark.sim
STEPS = (150, 300)


def words(demos: Path, out: Path, steps: tuple[int, int], *more: str) -> list[str]:
    given = ["policy", "train", str(demos), "--out", str(out), "--preset", "tiny", *more]
    given += ["--eyes-steps", str(steps[0]), "--control-steps", str(steps[1])]
    return [*given, "--device", "cpu", "--threads", "1"]


@pytest.fixture(scope="module")
def trained(demos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "policy"
    assert main(words(demos, folder, STEPS)) == 0
    return folder


def test_the_loss_falls(trained: Path):
    with (trained / "losses.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for part, share in (("eyes", 0.8), ("control", 0.5)):
        losses = [float(row[f"{part}_train"]) for row in rows]
        own = [loss for loss in losses if not np.isnan(loss)]
        assert own[-1] < share * own[0], part
    assert (trained / "losses.png").read_bytes().startswith(b"\x89PNG")


def test_it_acts_as_was_shown(trained: Path, demos: Path):
    """Asked at every step of a demonstration, against an action that never changes."""
    one = outcomes(demos)[0]
    path = demos / one["file"]
    demo = episode_file.read(path)
    policy = EmbeddedPolicy(path=str(trained), execute=1)
    every = demo.header.look_every
    pictures = {v: episode_file.decode(path, files, 64) for v, files in demo.pictures.items()}
    made, right = [], []
    for t in range(demo.header.steps):
        text = demo.header.subtasks[demo.subtask[t]]
        if t == 0 or demo.subtask[t] != demo.subtask[t - 1]:
            policy.reset(text, 0)
        parts = np.split(demo.proprioception[t], [2, 5, 9, 12])
        names = list(Proprioception.__dataclass_fields__)
        sensors = Sensors(
            images={} if t % every else {v: frames[t // every] for v, frames in pictures.items()},
            proprioception=Proprioception(**dict(zip(names, parts, strict=True))),
            instruction=demo.header.instruction,
            step=t,
        )
        made.append(policy.act(sensors, text)[0])
        right.append(demo.expert[t])
    made, right = np.array(made), np.array(right)
    usual = np.median(right, axis=0)
    assert np.abs(made - right)[:, :3].mean() < 0.75 * np.abs(usual - right)[:, :3].mean()
    ways = [np.linalg.norm(x[:, :3], axis=1) for x in (made, right)]
    moving = ways[1] > 0.5
    cosine = (made * right)[:, :3].sum(1)[moving] / (ways[0] * ways[1] + 1e-9)[moving]
    assert cosine.mean() > 0.6
    assert (made[:, 6] == right[:, 6]).mean() > 0.85


@pytest.mark.parametrize("step", [55, 105])
def test_a_training_that_was_cut_goes_on_as_if_it_never_was(demos: Path, tmp_path: Path, step: int):
    """Interrupted while the eyes are trained, or the control."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert main(words(demos, whole, (60, 60))) == 0
    _interrupted_at(step, words(demos, cut, (60, 60)))
    assert (cut / "policy.safetensors").is_file()
    assert main(["policy", "train", "--resume", "--out", str(cut), "--threads", "1"]) == 0
    for name in ("policy.safetensors", "losses.csv"):
        assert (whole / name).read_bytes() == (cut / name).read_bytes(), name


def _interrupted_at(step: int, given: list[str]) -> None:
    """Run a training that is interrupted, as by Ctrl-C, behind a step."""
    from leapcasa.runs.policy import training

    plain = training._step

    def counted(state, *rest):  # type: ignore[no-untyped-def]
        if state.step == step:
            raise KeyboardInterrupt
        return plain(state, *rest)

    training._step = counted  # type: ignore[assignment]
    try:
        assert main(given) == 130
    finally:
        training._step = plain


def test_labels_reach_no_further_than_can_be_foreseen(demos: Path):
    (one, *_) = dataset.load([demos], presets.recipe("tiny").network)
    path = next(demos / o["file"] for o in outcomes(demos) if o["seed"] == one.header.seed)
    demo = episode_file.read(path)
    for t in range(demo.header.steps):
        for k in range(8):
            fits = t + k < demo.header.steps and demo.subtask[t + k] == demo.subtask[t]
            fits = fits and demo.imitate[t + k] and not demo.pushed[t : t + k].any()
            assert one.weight[t, k] == float(fits)
            if fits:
                assert one.closed[t, k] == demo.expert[t + k, 6]


def test_measuring_says_how_far_off_each_skill_is(
    trained: Path, demos: Path, capsys: pytest.CaptureFixture[str]
):
    capsys.readouterr()
    assert main(["policy", "eval", str(trained), str(demos), "--all"]) == 0
    told = capsys.readouterr().out
    assert "close kettle_lid" in told
    assert "turn_on kettle" in told
    assert main(["policy", "eval", str(trained), str(demos)]) == 2
    assert "no kitchen of this data is held out" in capsys.readouterr().err


def test_a_damaged_demonstration_is_named(
    demos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    harmed = copied(demos, tmp_path / "harmed")
    path = harmed / outcomes(harmed)[0]["file"]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    assert main(words(harmed, tmp_path / "out", (10, 10))) == 2
    told = capsys.readouterr().err
    assert path.name in told
    assert "run the same `leapcasa policy data` command again" in told
    assert not (tmp_path / "out").exists()


def test_kitchens_of_the_target_split_are_not_trained_on(
    demos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    harmed = copied(demos, tmp_path / "target")
    lines = []
    for one in outcomes(harmed):
        path = harmed / one["file"]
        demo = episode_file.read(path)
        header = replace(demo.header, split="target")
        one["sha256"] = episode_file.write(path, replace(demo, header=header))
        lines.append(one)
    (harmed / "episodes.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    assert main(words(harmed, tmp_path / "out", (10, 10))) == 2
    assert "is of the target split" in capsys.readouterr().err


def test_a_blend_is_between_what_was_there_and_what_was_learned(
    trained: Path, demos: Path, tmp_path: Path
):
    def weights(folder: Path) -> dict[str, np.ndarray]:
        return load_file(folder / "policy.safetensors")

    made = {}
    for share in ("1", "0.25"):
        more = ["--from", str(trained), "--blend", share, "--seed", "3"]
        assert main(words(demos, tmp_path / share, (0, 20), *more)) == 0
        made[share] = weights(tmp_path / share)
    changed = 0
    for name, old in weights(trained).items():
        new, mixed = made["1"][name].astype(float), made["0.25"][name].astype(float)
        assert np.allclose(mixed, 0.75 * old.astype(float) + 0.25 * new, atol=2e-3)
        changed += not np.array_equal(mixed, old)
    assert changed > 10


def test_eyes_are_given_blocks_and_see_as_before_until_they_learn(
    trained: Path, demos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    recipe = presets.recipe("tiny")
    with_blocks = replace(recipe, network=replace(recipe.network, blocks=2))
    before = checkpoint.load(trained).network
    after = training.grown(before, with_blocks, 3)
    rng = torch.Generator().manual_seed(1)
    outer = torch.randint(256, (2, 2, 3, 64, 64), generator=rng, dtype=torch.uint8)
    hand = torch.randint(256, (2, 3, 64, 64), generator=rng, dtype=torch.uint8)
    words_ = torch.randint(1, 4096, (2, 9), generator=rng)
    with torch.inference_mode():
        old, new = before.eyes(outer, hand, words_), after.eyes(outer, hand, words_)
    for name in ("outer", "hand", "hints"):
        torch.testing.assert_close(getattr(new, name), getattr(old, name), atol=1e-4, rtol=1e-4)

    out, on = tmp_path / "two", tmp_path / "on"
    assert main(words(demos, out, (20, 0), "--from", str(trained), "--blocks", "2")) == 0
    learned = checkpoint.load(out).network
    assert learned.config.blocks == 2
    assert all(p.abs().sum() > 0 for n, p in learned.named_parameters() if ".around." in n)
    assert main(words(demos, on, (5, 0), "--from", str(out))) == 0
    assert checkpoint.load(on).network.config.blocks == 2
    assert main(words(demos, tmp_path / "x", (5, 0), "--from", str(out), "--blocks", "1")) == 2
    assert "has 2 blocks, not 1" in capsys.readouterr().err


def test_one_skill_alone_can_be_learned(
    demos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    recipe = presets.recipe("tiny")
    stretches = dataset.load([demos], recipe.network)
    course = training.Course(
        stretches=stretches, statistics=training.statistics(stretches), recipe=recipe,
        seed=0, device="cpu", only=["turn_on kettle"],
    )  # fmt: skip
    for part in ("eyes", "control"):
        picks = course.picks(part, held_out=False)
        every = replace(course, only=()).picks(part, held_out=False)
        assert set(picks.names) == {"turn_on kettle"} < set(every.names)
        assert len(picks.at) == (every.names == "turn_on kettle").sum()
        assert picks.share.sum() == pytest.approx(1.0)
        texts = {course.stretches[s].text(t * (4 if part == "eyes" else 1)) for s, t in picks.at}
        assert texts == {"Turn on the electric kettle"}
    assert main(words(demos, tmp_path / "x", (5, 0), "--only", "place sink")) == 2
    assert "--only 'place sink': the data show no such skill, but close kettle_lid, turn_on" in (
        capsys.readouterr().err
    )
    assert not (tmp_path / "x").exists()


def test_what_is_to_be_kept_changes_less(trained: Path, demos: Path, tmp_path: Path):
    """Trained on wrong labels, with reminders and without."""
    wrong, recipe = copied(demos, tmp_path / "wrong"), presets.recipe("tiny")
    lines = []
    for one in outcomes(wrong):
        path = wrong / one["file"]
        demo = episode_file.read(path)
        backwards = replace(demo, expert=-demo.expert)
        lines.append({**one, "sha256": episode_file.write(path, backwards)})
    (wrong / "episodes.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    (one, *_) = dataset.load([demos], recipe.network)
    before = checkpoint.load(trained)
    batch = draws.moments([one], np.array([[0, t] for t in range(one.header.steps)]))

    def said(folder: Path) -> torch.Tensor:
        told = losses.Tensors(batch, before.statistics, "cpu")
        with torch.inference_mode():
            return told.predict(checkpoint.load(folder).network).motion

    moved = {}
    for name, more in (("free", []), ("kept", ["--keep", str(demos)])):
        out = tmp_path / name
        assert main(words(wrong, out, (0, 60), "--from", str(trained), *more)) == 0
        moved[name] = float((said(out) - said(trained)).abs().mean())
    assert moved["kept"] < 0.8 * moved["free"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["policy", "train", "--out", "OUT"], "name at least one folder"),
        (["policy", "train", "/nowhere", "--out", "OUT", "--blend", "0.5"], "wants --from"),
        (["policy", "train", "/nowhere", "--out", "OUT", "--keep", "/here"], "--keep wants --from"),
        (["policy", "train", "/nowhere", "--out", "OUT"], "holds no demonstrations"),
        (["policy", "train", "/nowhere", "--out", "OUT", "--preset", "big"], "unknown --preset"),
        (["policy", "train", "/nowhere", "--out", "OUT", "--blocks", "-1"], "--blocks must be 0"),
        (["policy", "train", "--resume", "--out", "OUT"], "no training to go on with"),
    ],
)
def test_bad_requests_leave_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: list[str], message: str
):
    out = tmp_path / "out"
    assert main([str(out) if word == "OUT" else word for word in given]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_corrections_begin_where_the_learner_has_led(trained: Path, demos: Path, tmp_path: Path):
    """The learner's own steps are kept as they were and never imitated; then the expert's are."""
    given = [*command(tmp_path / "corrected", SEEDS[1]), "--learner", str(trained)]
    assert main([*given, "--led", "30"]) == 0
    (one,) = outcomes(tmp_path / "corrected")
    demo = episode_file.read(tmp_path / "corrected" / one["file"], one["sha256"])
    assert demo.header.driver == "learner, then expert"
    for subtask in (0, 1):
        own = demo.subtask == subtask
        led = int(own.sum()) - int(demo.imitate[own].sum())
        assert 10 <= led < 30
        assert not demo.imitate[own][:led].any()
        assert demo.imitate[own][led:].all()
    led = demo.imitate == 0
    assert np.array_equal(demo.expert[led], demo.executed[led])
    before = next(o for o in outcomes(demos) if o["seed"] == SEEDS[1])
    alone = episode_file.read(demos / before["file"])
    assert not np.array_equal(demo.executed[:5], alone.executed[:5])
