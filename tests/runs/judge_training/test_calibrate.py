"""`judge calibrate`: each view's answer is brought to the odds it has in what it is shown."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from leapcasa.configs import ConfigError
from leapcasa.judges.base import COMPLETE, NOT_COMPLETE
from leapcasa.judges.sight import SightJudge, checkpoint
from leapcasa.judges.sight.calibration import Calibration
from leapcasa.judges.sight.judge import UNKNOWN
from leapcasa.judges.sight.network import JudgeConfig, Network
from leapcasa.runs.cli import main
from leapcasa.runs.judge_training.calibrate import fit
from leapcasa.sight import folder as folders

PAN, KETTLE = "Rotate the pan", "Turn on the kettle"
VIEWS = ("right", "left")


def judge(folder: Path, seed: int) -> Path:
    """A judge that is much surer than it is right."""
    folder.mkdir()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Network(JudgeConfig(size=64, channels=(8, 16, 16), words=16, width=32))
        for weight in network.verdicts.parameters():
            torch.nn.init.normal_(weight, std=0.3)
    (folder / folders.CONFIG).write_text(checkpoint.config_json(network.config, {"seed": seed}))
    (folder / checkpoint.KIND.weights).write_bytes(folders.weights_bytes(network))
    return folder


def answers(folder: Path, clips: list[dict[str, np.ndarray]], text: str) -> np.ndarray:
    """(N, 2) logits as the judge gives them."""
    asked = SightJudge(path=str(folder))
    said = [asked.score(clip, text).per_view for clip in clips]
    return np.array([[s[v][NOT_COMPLETE] - s[v][COMPLETE] for v in VIEWS] for s in said])


def odds(one: Calibration, logits: np.ndarray) -> np.ndarray:
    """By the definition: a guess, or what the judge says."""
    p = one.lapse * 0.5 + (1 - one.lapse) / (1 + np.exp(-(one.slope * logits + one.shift)))
    return np.log(p / (1 - p))


def surprise(one: Calibration, logits: np.ndarray, true: np.ndarray) -> float:
    """Mean log loss where two of three are not complete."""
    p = 1 / (1 + np.exp(-odds(one, logits)))
    return -(np.log(p[true]).mean() + 2 * np.log(1 - p[~true]).mean()) / 3


def test_a_calibration_is_a_guess_or_what_was_said():
    logits = np.linspace(-12, 12, 49).reshape(7, 7)
    for figures in ((1.0, 0.0, 0.0), (0.4, 1.5, 0.0), (2.0, -0.5, 0.1), (0.3, 0.0, 0.9)):
        one = Calibration(slope=figures[0], shift=figures[1], lapse=figures[2])
        assert one(logits) == pytest.approx(odds(one, logits), abs=1e-5)
    assert (Calibration()(logits) == logits).all()
    sure = Calibration(lapse=0.1)(np.array([-1e4, 1e4]))  # where 1 - p is 0 in floating point
    assert sure == pytest.approx([-np.log(19), np.log(19)])


@pytest.mark.parametrize(
    "figures", [{"slope": 0.0}, {"lapse": 1.0}, {"lapse": -0.1}, {"shift": float("nan")}]
)
def test_figures_that_cannot_be_are_refused(figures: dict[str, float]):
    with pytest.raises(ValueError, match="no calibration"):
        Calibration(**figures)


def test_the_fit_is_the_likeliest_of_a_grid_and_finds_what_made_the_truth():
    rng = np.random.default_rng(3)
    logits = rng.normal(-6.8, 9, 20_000)  # so that two of three are not complete
    made = Calibration(slope=0.4, shift=0.8, lapse=0.12)
    true = rng.random(len(logits)) < 1 / (1 + np.exp(-odds(made, logits)))
    assert true.mean() == pytest.approx(1 / 3, abs=0.01)
    found = fit(logits, true)
    grid = itertools.product(
        np.linspace(0.1, 1.2, 12), np.linspace(-2, 3, 11), (0.01, 0.05, 0.12, 0.3)
    )
    best = min(surprise(Calibration(slope=s, shift=b, lapse=p), logits, true) for s, b, p in grid)
    assert surprise(found, logits, true) <= best
    assert found.slope == pytest.approx(0.4, rel=0.25)
    assert found.lapse == pytest.approx(0.12, abs=0.03)


def test_a_view_that_errs_far_off_no_longer_outvotes_the_other():
    """Sixty right views say no with odds of a billion to one; the left ones know."""
    rng = np.random.default_rng(0)
    true = np.arange(600) % 3 == 0
    left = np.where(true, 4, -4) + rng.normal(0, 1, 600)
    right = np.where(true, 5, -5) + rng.normal(0, 1, 600)
    right[np.flatnonzero(true)[:60]] = -20
    both = [fit(right, true)(right), fit(left, true)(left)]
    assert ((right + left > 0) == true).mean() == pytest.approx(0.9)
    assert ((both[0] + both[1] > 0) == true).all()


@pytest.fixture
def shown(tmp_path: Path, film: Callable[..., np.ndarray]) -> tuple[Path, list[dict], np.ndarray]:
    """A manifest of two recordings, its clips, and the truth: what judge 1 says, a fifth of it not.

    The recordings are the same for both subtasks.
    """
    films = {view: film(400, number, 64) for number, view in enumerate(VIEWS, 1)}
    for view, pictures in films.items():
        np.save(tmp_path / f"{view}.npy", pictures)
    ends = list(range(63, 400, 4))
    clips = [{view: films[view][end - 63 : end + 1] for view in VIEWS} for end in ends]
    said = answers(judge(tmp_path / "first", 1), clips, KETTLE).mean(1)
    true = (said > np.quantile(said, 2 / 3)) ^ (np.random.default_rng(0).random(len(ends)) < 0.2)
    rows = [
        {
            "instruction": text, "end": end, "right": "right.npy", "left": "left.npy",
            "label": COMPLETE if yes else NOT_COMPLETE,
        }
        for text in (KETTLE, PAN) for end, yes in zip(ends, true, strict=True)
    ]  # fmt: skip
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path / "rows.jsonl", clips, true


def test_a_judge_is_calibrated_network_by_network(tmp_path: Path, shown, capsys):
    rows, clips, true = shown
    first, pan, joined = tmp_path / "first", judge(tmp_path / "pan", 2), tmp_path / "joined"
    assert main(["judge", "join", str(first), "--add", str(pan), PAN, "--out", str(joined)]) == 0
    capsys.readouterr()
    out = tmp_path / "calibrated"
    words = ["judge", "calibrate", str(rows), "--base-model", str(joined), "--out", str(out)]
    assert main([*words, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    for number, (text, own) in enumerate(((KETTLE, first), (PAN, pan))):
        raw = answers(own, clips, text)
        said = facts["members"][str(number)]
        assert (said["windows"], said["complete"]) == (len(true), true.sum())
        fitted = [Calibration(**said["calibration"][view]) for view in VIEWS]
        for view, one in enumerate(fitted):
            assert surprise(one, raw[:, view], true) < surprise(Calibration(), raw[:, view], true)
        now = np.stack([odds(one, raw[:, view]) for view, one in enumerate(fitted)], 1)
        assert answers(out, clips, text) == pytest.approx(now, abs=1e-3)
        for name, logits in (("before", raw), ("after", now)):
            hits = ((logits.mean(1) > 0) == true).sum()
            assert said[name]["all"]["hits"] == hits
    for path in folders.files(joined, checkpoint.KIND):
        assert (out / path.name).read_bytes() == path.read_bytes()
    assert (out / "judge.yaml").is_file()


def test_what_it_is_not_shown_stays_as_it_was(tmp_path: Path, shown, capsys):
    rows, clips, _ = shown
    first, pan, joined = tmp_path / "first", judge(tmp_path / "pan", 2), tmp_path / "joined"
    assert main(["judge", "join", str(first), "--add", str(pan), PAN, "--out", str(joined)]) == 0
    lines = [line for line in rows.read_text().splitlines() if PAN in line]
    rows.write_text("\n".join(lines) + "\n")
    out = tmp_path / "calibrated"
    words = ["judge", "calibrate", str(rows), "--base-model", str(joined), "--out", str(out)]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "network 1" in said
    assert "network 0" not in said
    assert (answers(out, clips[:4], KETTLE) == answers(first, clips[:4], KETTLE)).all()


def test_a_kind_of_subtask_has_figures_of_its_own(tmp_path: Path, shown, capsys):
    """The same network is right about kettles and errs about pans by a lump, so only pans move."""
    rows, clips, _ = shown
    first, out = tmp_path / "first", tmp_path / "out"
    raw = answers(first, clips, PAN)
    true = raw.mean(1) > np.quantile(raw.mean(1), 0.6)
    lines = [json.loads(line) for line in rows.read_text().splitlines()]
    pans = [line for line in lines if line["instruction"] == PAN]
    for line, yes in zip(pans, true, strict=True):
        line["label"] = COMPLETE if yes else NOT_COMPLETE
    rows.write_text("".join(json.dumps(line) + "\n" for line in lines))
    words = ["judge", "calibrate", str(rows), "--base-model"]
    kind = ["--kind", "rotate pan", "--json", "--out"]
    assert main([*words, str(first), *kind, str(out)]) == 0
    (said,) = json.loads(capsys.readouterr().out)["members"].values()
    assert (said["windows"], said["complete"]) == (len(true), true.sum())
    fitted = [Calibration(**said["calibration"][view]) for view in VIEWS]
    for view, one in enumerate(fitted):
        assert surprise(one, raw[:, view], true) < surprise(Calibration(), raw[:, view], true)
    now = np.stack([odds(one, raw[:, view]) for view, one in enumerate(fitted)], 1)
    assert answers(out, clips, PAN) == pytest.approx(now, abs=1e-3)
    assert (answers(out, clips, KETTLE) == answers(first, clips, KETTLE)).all()
    for name, logits in (("before", raw), ("after", now)):
        assert said[name]["all"]["hits"] == ((logits.mean(1) > 0) == true).sum()
    # All others may be calibrated afterwards: pans keep what they have, and do not count.
    again, more = tmp_path / "again", tmp_path / "more"
    assert main([*words, str(out), "--json", "--out", str(again)]) == 0
    (rest,) = json.loads(capsys.readouterr().out)["members"].values()
    assert rest["windows"] == len(lines) - len(pans)
    assert (answers(again, clips, PAN) == answers(out, clips, PAN)).all()
    assert (answers(again, clips, KETTLE) != answers(first, clips, KETTLE)).any()
    # It stays when the judge is joined, and "before" is what it was worth until then.
    new = ["--add", str(judge(tmp_path / "new", 3)), "Turn off the faucet"]
    assert main(["judge", "join", str(again), *new, "--out", str(more)]) == 0
    assert (answers(more, clips[:4], PAN) == answers(out, clips[:4], PAN)).all()
    capsys.readouterr()
    assert main([*words, str(more), *kind, str(tmp_path / "last")]) == 0
    (last,) = json.loads(capsys.readouterr().out)["members"].values()
    assert last["before"] == last["after"] == said["after"]


def test_a_network_has_a_doubt_of_its_own_where_the_loop_has_any(tmp_path: Path, shown, capsys):
    _, clips, _ = shown
    first, pan, joined = tmp_path / "first", judge(tmp_path / "pan", 2), tmp_path / "joined"
    assert main(["judge", "join", str(first), "--add", str(pan), PAN, "--out", str(joined)]) == 0
    out, words = tmp_path / "out", ["judge", "calibrate", "--base-model", str(joined), "--doubt"]
    assert main([*words, "1=2.5", "--out", str(out)]) == 0
    assert "network 1 wants a doubt of 2.5" in capsys.readouterr().out
    for text, asked, taken in (
        (PAN, 0.0, 0.0), (PAN, 1.4, 2.5), (PAN, 3.0, 3.0), (KETTLE, 1.4, 1.4), (PAN, -1.0, -1.0),
    ):  # fmt: skip
        margins = [
            SightJudge(path=str(folder), doubt=doubt).score(clips[5], text).margin
            for folder, doubt in ((joined, 0.0), (out, asked))
        ]
        assert margins[0] - margins[1] == pytest.approx(taken, abs=1e-4)
    for path in folders.files(joined, checkpoint.KIND):
        assert (out / path.name).read_bytes() == path.read_bytes()
    # It stays when the judge is joined or calibrated again.
    again = tmp_path / "again"
    assert main([*words[:3], str(out), "--doubt", "0=1", "--out", str(again)]) == 0
    more, both = tmp_path / "more", [str(judge(tmp_path / "new", 3)), "Turn off the faucet"]
    assert main(["judge", "join", str(again), "--add", *both, "--out", str(more)]) == 0
    assert [one.doubt for one in checkpoint.load_all(more).every] == [1.0, 2.5, 0.0]


def test_a_kind_of_subtask_has_a_doubt_of_its_own(tmp_path: Path, shown, capsys):
    rows, clips, _ = shown
    first, out = tmp_path / "first", tmp_path / "out"
    words = ["judge", "calibrate", "--base-model", str(first), "--doubt", "0=2.5"]
    assert main([*words, "--doubt", "0,rotate pan=0.4", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "network 0 wants a doubt of 2.5" in said
    assert "network 0, rotate pan wants a doubt of 0.4" in said
    asked = ((PAN, 1.4, 0.4), (PAN, 3.0, 0.4), (PAN, 0.0, 0.0), (KETTLE, 1.4, 2.5))

    def taken(folder: Path) -> list[float]:
        """What comes off the margin where the loop has a doubt."""
        return [
            SightJudge(path=str(folder)).score(clips[5], text).margin
            - SightJudge(path=str(folder), doubt=doubt).score(clips[5], text).margin
            for text, doubt, _ in asked
        ]

    assert taken(out) == pytest.approx([own for *_, own in asked], abs=1e-4)
    # It stays when the judge is calibrated, also that kind alone, and when it is joined.
    kind, more = tmp_path / "kind", tmp_path / "more"
    words = ["judge", "calibrate", str(rows), "--base-model", str(out), "--kind", "rotate pan"]
    assert main([*words, "--out", str(kind)]) == 0
    assert (answers(kind, clips[:4], PAN) != answers(first, clips[:4], PAN)).any()
    new = ["--add", str(judge(tmp_path / "new", 3)), "Turn off the faucet"]
    assert main(["judge", "join", str(kind), *new, "--out", str(more)]) == 0
    for folder in (kind, more):
        assert taken(folder) == pytest.approx([own for *_, own in asked], abs=1e-4)
    # A doubt is no calibration: such a kind is calibrated with all others.
    every = tmp_path / "every"
    assert main([*words[:-2], "--json", "--out", str(every)]) == 0
    (one,) = json.loads(capsys.readouterr().out.splitlines()[-1])["members"].values()
    assert one["windows"] == len(rows.read_text().splitlines())
    assert (answers(every, clips[:4], PAN) != answers(first, clips[:4], PAN)).any()


def test_what_no_network_knows_is_never_complete_in_a_loop(tmp_path: Path, shown, capsys):
    _, clips, _ = shown
    first, out = tmp_path / "first", tmp_path / "out"
    words = ["judge", "calibrate", "--base-model", str(first), "--knows"]
    far = "pull_out dishwasher_rack fully"
    assert main([*words, f"0={far}", "--out", str(tmp_path / "far")]) == 0
    (member,) = checkpoint.load_all(tmp_path / "far").every
    assert member.knows == {far}
    capsys.readouterr()
    kinds = ["0=turn_on kettle", "--knows", "0=close kettle_lid"]
    assert main([*words, *kinds, "--out", str(out)]) == 0
    assert "network 0 knows turn_on kettle, close kettle_lid" in capsys.readouterr().out
    for text, asked, taken in (
        (KETTLE, 1.4, 1.4), (PAN, 1.4, UNKNOWN), ("Be good", 1.4, 1.4), (PAN, 0.0, 0.0),
        ("Shut the lid of the electric kettle", 1.4, 1.4), ("Turn off the faucet", 0.1, UNKNOWN),
    ):  # fmt: skip
        margins = [
            SightJudge(path=str(folder), doubt=doubt).score(clips[5], text).margin
            for folder, doubt in ((first, 0.0), (out, asked))
        ]
        assert margins[0] - margins[1] == pytest.approx(taken, abs=1e-4), text
    for path in folders.files(first, checkpoint.KIND):
        assert (out / path.name).read_bytes() == path.read_bytes()
    more = tmp_path / "more"
    assert main(["judge", "join", str(out), "--add", str(first), PAN, "--out", str(more)]) == 0
    assert [one.knows for one in checkpoint.load_all(more).every] == [
        {"turn_on kettle", "close kettle_lid"}, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "knows", [["turn_on moon"], ["rotate"], [3], 3, "turn_on kettle", ["turn_on kettle fully"]]
)
def test_damaged_knowledge_is_told(tmp_path: Path, knows: object):
    path = judge(tmp_path / "first", 1) / folders.CONFIG
    path.write_text(json.dumps({**json.loads(path.read_text()), "knows": knows}))
    with pytest.raises(ConfigError, match="cannot be read"):
        checkpoint.load(path.parent)


@pytest.mark.parametrize("doubt", ["-1", "nan", "inf", "a lot", None])
def test_a_damaged_doubt_is_told(tmp_path: Path, doubt: object):
    path = judge(tmp_path / "first", 1) / folders.CONFIG
    path.write_text(json.dumps({**json.loads(path.read_text()), "doubt": doubt}))
    with pytest.raises(ConfigError, match="cannot be read"):
        checkpoint.load(path.parent)


def test_bad_input_is_told(tmp_path: Path, shown, capsys):
    rows, _, _ = shown
    first = str(tmp_path / "first")
    few = tmp_path / "few.jsonl"
    few.write_text("".join(rows.read_text().splitlines(True)[:30]))
    for words, message in (
        ([str(few), "--base-model", first, "--out", str(tmp_path / "a")], "fewer than 20 windows"),
        (
            [str(rows), "--base-model", first, "--kind", "sweep spout", "--out", str(few) + "o"],
            "or that are not, of sweep spout",
        ),
        (
            ["--kind", "rotate pan", "--doubt", "0=1", "--out", str(tmp_path / "a")],
            "--kind needs",
        ),
        ([str(rows), "--base-model", first, "--out", first], "is there already"),
        ([str(tmp_path / "no"), "--base-model", first, "--out", str(tmp_path / "a")], "no"),
        ([str(rows), "--base-model", str(tmp_path), "--out", str(tmp_path / "a")], "no trained"),
        (
            ["--base-model", first, "--out", str(tmp_path / "a")],
            "name what the judge is to be shown",
        ),
        (["--base-model", first, "--doubt", "1=2", "--out", str(tmp_path / "a")], "no member 1"),
    ):
        assert main(["judge", "calibrate", *words]) == 2
        assert message in capsys.readouterr().err
        assert not (tmp_path / "a").exists()
    for doubt in ("2", "0=-1", "0=nan", "0=inf", "pan=2", "0="):
        with pytest.raises(SystemExit) as ended:
            main(["judge", "calibrate", "--doubt", doubt, "--out", str(tmp_path / "a")])
        assert ended.value.code == 2
        assert "like 1=2.0" in capsys.readouterr().err
    for doubt in ("0,=1", "0,rotate moon=1", "0,rotate=1"):
        with pytest.raises(SystemExit) as ended:
            main(["judge", "calibrate", "--doubt", doubt, "--out", str(tmp_path / "a")])
        assert ended.value.code == 2
        assert 'like "turn_on faucet"' in capsys.readouterr().err
    for kind in ("turn_on", "turn_on moon", "0=rotate pan"):
        with pytest.raises(SystemExit) as ended:
            main(["judge", "calibrate", "--kind", kind, "--out", str(tmp_path / "a")])
        assert ended.value.code == 2
        assert 'like "turn_on faucet"' in capsys.readouterr().err
    for kind in ("turn_on kettle", "0=turn_on", "0=turn_on moon", "pan=rotate pan", "0="):
        with pytest.raises(SystemExit) as ended:
            main(["judge", "calibrate", "--knows", kind, "--out", str(tmp_path / "a")])
        assert ended.value.code == 2
        assert 'like "4=turn_on faucet"' in capsys.readouterr().err


def test_a_damaged_calibration_is_told(tmp_path: Path):
    path = judge(tmp_path / "first", 1) / folders.CONFIG
    for said in ({"right": {"lapse": 2}}, {"right": {"tilt": 1}}, {"right": 3}, []):
        path.write_text(json.dumps({**json.loads(path.read_text()), "calibration": said}))
        with pytest.raises(ConfigError, match="cannot be read"):
            checkpoint.load(path.parent)


@pytest.mark.parametrize(
    "kinds",
    [
        {"rotate moon": {}},
        {"rotate pan": {"calibration": {"right": {}}}},
        ["rotate pan"],
        {"rotate pan": {"doubt": -1}},
        {"rotate pan": {"doubt": "much"}},
    ],
)
def test_damaged_figures_of_a_kind_are_told(tmp_path: Path, kinds: object):
    path = judge(tmp_path / "first", 1) / folders.CONFIG
    path.write_text(json.dumps({**json.loads(path.read_text()), "kinds": kinds}))
    with pytest.raises(ConfigError, match="cannot be read"):
        checkpoint.load(path.parent)
