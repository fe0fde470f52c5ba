"""Joining: each network of a joined folder is asked for its own skills, and is what it was."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from small_members import FAUCET, KETTLE, PAN, acted, join, judge, policy, sensors

from leapcasa.judges.sight import SightJudge
from leapcasa.judges.sight import checkpoint as judge_checkpoint
from leapcasa.policies.embedded import EmbeddedPolicy, checkpoint
from leapcasa.runs.cli import main
from leapcasa.runs.joining import gate as gates
from leapcasa.sight import folder as folders
from leapcasa.sight.members import answers, told


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A policy, another for pans, and both joined."""
    base = tmp_path_factory.mktemp("joining")
    first, pan = policy(base / "first", 1), policy(base / "pan", 2)
    assert join("policy", first, base / "joined", (pan, PAN)) == 0
    return first, pan, base / "joined"


def test_each_skill_is_done_as_its_own_policy_does_it(three: tuple[Path, Path, Path]):
    first, pan, joined = three
    others = (KETTLE, "Open the dishwasher door", "something unheard of")
    for text, own in (
        (PAN, pan), ("please spin the frying pan", pan), *((text, first) for text in others)
    ):  # fmt: skip
        assert np.array_equal(acted(joined, text), acted(own, text)), text
    assert not np.array_equal(acted(first, PAN), acted(pan, PAN))


def test_a_member_may_have_blocks_that_the_first_has_not(
    three: tuple[Path, Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    first, _, _ = three
    knobs = policy(tmp_path / "knobs", 1, blocks=1)
    assert join("policy", first, tmp_path / "joined", (knobs, PAN)) == 0
    assert np.array_equal(acted(tmp_path / "joined", PAN), acted(knobs, PAN))
    assert np.array_equal(acted(tmp_path / "joined", KETTLE), acted(first, KETTLE))
    assert not np.array_equal(acted(knobs, PAN), acted(first, PAN))
    assert join("policy", knobs, tmp_path / "other", (first, PAN)) == 2
    assert "with as many --blocks" in capsys.readouterr().err


def test_a_rack_that_is_to_come_fully_out_is_another_matter_than_one_that_is_drawn_out(
    three: tuple[Path, Path, Path], tmp_path: Path
):
    first, pan, _ = three
    half, fully = "pull out the top dishwasher rack", "Fully slide the top dishwasher rack out"
    another = policy(tmp_path / "another", 3)
    assert join("policy", first, tmp_path / "joined", (pan, half), (another, fully)) == 0
    members = checkpoint.load_all(tmp_path / "joined")
    texts = [half, "Slide the top dishwasher rack out", "Pull the top rack out", fully]
    texts += ["Slide the top dishwasher rack all the way out", KETTLE]
    assert members.indices(texts) == [1, 1, 1, 2, 2, 0]


def test_one_policy_changes_members_from_subtask_to_subtask(three: tuple[Path, Path, Path]):
    first, pan, joined = three
    one = EmbeddedPolicy(path=str(joined))
    for text, own in ((KETTLE, first), (PAN, pan), (KETTLE, first)):
        one.reset(text, 0)
        both = np.concatenate([one.act(sensors(step), text) for step in range(6)])
        assert np.array_equal(both, acted(own, text))


def test_a_member_that_is_added_for_the_same_skill_takes_the_place_of_the_old(
    three: tuple[Path, Path, Path], tmp_path: Path
):
    first, _, joined = three
    kettle, better = policy(tmp_path / "kettle", 3), policy(tmp_path / "better", 4)
    assert join("policy", joined, tmp_path / "more", (kettle, KETTLE), (better, PAN)) == 0
    loaded = checkpoint.load_all(tmp_path / "more")
    assert [one.about["seed"] for one in loaded.every] == [1, 3, 4]
    for text, own in ((PAN, better), (KETTLE, kettle), (FAUCET, first)):
        assert np.array_equal(acted(tmp_path / "more", text), acted(own, text))
    assert checkpoint.load(tmp_path / "more", 2).about["seed"] == 4


def test_a_planners_own_words_may_be_claimed_that_say_little_alone(
    three: tuple[Path, Path, Path], tmp_path: Path
):
    """The top rack is the dishwasher's, beside what names that."""
    first, own = three[0], policy(tmp_path / "own", 6)
    words = ["policy", "join", str(first), "--out", str(tmp_path / "out"), "--add", str(own)]
    rack = "Pull out the top rack"
    assert main([*words, rack]) == 2
    assert main([*words, "open the dishwasher", rack]) == 0
    loaded = checkpoint.load_all(tmp_path / "out")
    assert [loaded.index(text) for text in (rack, "open the dishwasher", FAUCET)] == [1, 1, 0]
    better = policy(tmp_path / "better", 7)  # takes the rack over, in other words
    words = ["policy", "join", str(tmp_path / "out"), "--out", str(tmp_path / "more"), "--add"]
    assert main([*words, str(better), "slide out the top dishwasher rack"]) == 0
    claims = json.loads((tmp_path / "more" / folders.CONFIG).read_text())["members"]
    assert claims[1]["claims"] == ["open the dishwasher"]


def test_what_is_alike_is_kept_once(three: tuple[Path, Path, Path], tmp_path: Path):
    first, _, joined = three
    assert join("policy", first, tmp_path / "twice", (first, PAN)) == 0
    kind = checkpoint.KIND
    own = [(folder / kind.file(1)).stat().st_size for folder in (tmp_path / "twice", joined)]
    assert own[0] < 100 < 10_000 < own[1]
    for folder in (tmp_path / "twice", joined):  # what was there stays the same to the last bit
        assert (folder / kind.weights).read_bytes() == (first / kind.weights).read_bytes()
    assert np.array_equal(acted(tmp_path / "twice", PAN), acted(first, PAN))


def test_the_gate_finds_wordings_it_was_not_taught():
    claims = [[], [PAN], [KETTLE, "close the kettle lid"], ["turn the spout to the left"]]
    gate = gates.learn(gates.lessons(claims, held_out=False), 4)
    asked = gates.lessons(claims, held_out=True)
    assert not set(asked.texts) & set(gates.lessons(claims, held_out=False).texts)
    assert sorted(set(asked.members)) == [0, 1, 2, 3]
    said = answers(gate, told(asked.texts)).numpy()
    right = said == np.array(asked.members)
    assert all(right[np.array(asked.members) == number].mean() > 0.95 for number in range(4))


def test_the_gate_keeps_what_clips_ask_about_apart():
    """A sweep in words that no wording has is not taken for what was claimed."""
    claims = [[], [PAN], ["turn off the faucet", "push the top dishwasher rack in"]]
    gate = gates.learn(gates.lessons(claims, held_out=False), 3)
    kept = {"Rinse every side of the sink basin": 0, "Slide the top dishwasher rack out": 0,
            "Slide the top dishwasher rack back in": 2, "Switch off the sink": 2}  # fmt: skip
    assert answers(gate, told(list(kept))).tolist() == list(kept.values())


def test_all_of_the_way_in_is_no_other_kind_so_its_claim_hides_no_wordings():
    """Where something goes in, "fully" says nothing; other words for it are learned as well."""
    claims = [[], ["Fully slide the top dishwasher rack in"]]
    shown = gates.lessons(claims, held_out=False)
    owner = dict(zip(shown.texts, shown.members, strict=True))
    assert owner["push in the top dishwasher rack"] == 1
    assert owner["push in the bottom dishwasher rack"] == 0
    assert len(owner) == len({*zip(shown.texts, shown.members, strict=True)})  # nothing is both
    assert 1 in gates.lessons(claims, held_out=True).members


def test_what_is_named_first_stays_with_the_first_member(tmp_path: Path, capsys):
    """Beside "fully slide the rack out" a planner's "pull out the top rack" is much alike."""
    first, own = judge(tmp_path / "first", 1), judge(tmp_path / "own", 2)
    fully, half = "Fully slide the top dishwasher rack out", "Pull out the top rack"
    words = ["judge", "join", str(first), "--add", str(own), fully, "--first"]
    assert main([*words, half, "open the dishwasher", "--out", str(tmp_path / "out")]) == 0
    members = judge_checkpoint.load_all(tmp_path / "out")
    asked = [half, "pull out the top rack", fully, "Pull the top dishwasher rack all the way out"]
    assert members.indices(asked) == [0, 0, 1, 1]
    config = json.loads((tmp_path / "out" / folders.CONFIG).read_text())
    assert config["members"][0]["claims"] == [half, "open the dishwasher"]
    capsys.readouterr()
    assert main([*words, fully, "--out", str(tmp_path / "other")]) == 2
    assert "another member is for that" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()


def test_the_judge_of_a_skill_is_asked(tmp_path: Path, film):
    first, pan = judge(tmp_path / "first", 1), judge(tmp_path / "pan", 2)
    assert join("judge", first, tmp_path / "joined", (pan, PAN)) == 0
    clips = {"right": film(64, 1, 64), "left": film(64, 2, 64)}
    both = SightJudge(path=str(tmp_path / "joined"))
    for text, own in ((PAN, pan), (KETTLE, first), (PAN, pan)):
        assert both.score(clips, text).scores == SightJudge(path=str(own)).score(clips, text).scores
    preset = yaml.safe_load((tmp_path / "joined" / "judge.yaml").read_text())
    assert preset["judge"] == {"name": "sight", "options": {"path": str(tmp_path / "joined")}}
    last = SightJudge(path=str(tmp_path / "joined"), last_frame=True).score(clips, PAN)
    assert last.scores == SightJudge(path=str(pan), last_frame=True).score(clips, PAN).scores


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ("pan:make me happy", "is not understood as a subtask"),
        ("nowhere:" + PAN, "holds no trained policy"),
        ("joined:" + PAN, "is joined of several itself"),
        ("large:" + PAN, "different size: 32, 48"),
        ("pan", "say what it is for"),
    ],
)
def test_bad_input_is_refused(
    three: tuple[Path, Path, Path], tmp_path: Path, added: str, message: str,
    capsys: pytest.CaptureFixture[str],
):  # fmt: skip
    first, pan, joined = three
    known = {"pan": pan, "joined": joined, "nowhere": tmp_path / "nowhere"}
    name, *text = added.split(":")
    folder = policy(tmp_path / "large", 5, size=48) if name == "large" else known[name]
    out = tmp_path / "out"
    words = ["policy", "join", str(first), "--add", str(folder), *text, "--out", str(out)]
    assert main(words) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_what_is_there_is_not_written_over(three: tuple[Path, Path, Path], tmp_path: Path):
    first, pan, _ = three
    (tmp_path / "mine").write_text("kept")
    assert join("policy", first, tmp_path, (pan, PAN)) == 2
    assert (tmp_path / "mine").read_text() == "kept"


def test_a_damaged_joined_folder_is_said(
    three: tuple[Path, Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    _, pan, joined = three
    for path in joined.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    data = json.loads((tmp_path / folders.CONFIG).read_text())
    for members in ([], "two", data["members"] * 2):
        (tmp_path / folders.CONFIG).write_text(json.dumps({**data, "members": members}))
        words = ["policy", "join", str(tmp_path), "--add", str(pan), KETTLE]
        assert main([*words, "--out", str(tmp_path / "out")]) == 2 or members == data["members"] * 2
        with pytest.raises(Exception, match="cannot be read"):
            checkpoint.load_all(tmp_path)
    assert "cannot be read" in capsys.readouterr().err
    for path in folders.files(joined, checkpoint.KIND):
        shutil.copytree(joined, tmp_path / path.stem)
        (tmp_path / path.stem / path.name).write_bytes(path.read_bytes()[:-9])
        with pytest.raises(Exception, match="cannot be read"):
            checkpoint.load_all(tmp_path / path.stem)
        (tmp_path / path.stem / path.name).unlink()
        with pytest.raises(Exception, match="cannot be read"):
            checkpoint.load_all(tmp_path / path.stem)
    with pytest.raises(Exception, match="holds no trained policy"):
        checkpoint.digest(tmp_path / "gate")


def test_the_hash_of_a_folder_is_of_all_its_weights(three: tuple[Path, Path, Path]):
    first, _, joined = three
    kind = checkpoint.KIND
    names = ["policy.safetensors", "policy.1.safetensors", "gate.safetensors"]
    whole = b"".join((joined / name).read_bytes() for name in names)
    assert checkpoint.digest(joined) == hashlib.sha256(whole).hexdigest()
    alone = (first / kind.weights).read_bytes()
    assert checkpoint.digest(first) == hashlib.sha256(alone).hexdigest()


def test_a_member_that_is_not_there_is_said(three: tuple[Path, Path, Path]):
    with pytest.raises(Exception, match=r"no member 2; there are 0 \.\. 1"):
        checkpoint.load(three[2], 2)
