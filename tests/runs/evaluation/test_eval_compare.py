import json
from pathlib import Path

import pytest

from leapcasa.configs import ConfigError
from leapcasa.runs.cli import main
from leapcasa.runs.evaluation.compare import compare, side, verdict
from leapcasa.runs.evaluation.episode import Episode
from leapcasa.runs.evaluation.store import Store

FACTS = {"split": "target", "assets": "standin-1", "policy.name": "a", "versions.mujoco": "3.3.1"}


def evaluation(folder: Path, wins: dict[str, str], **changed) -> Path:
    """`wins`: a letter for each seed of a task: 1 success, 0 none, e error."""
    store = Store(folder)
    facts = {**FACTS, **{k: v for k, v in changed.items() if k != "max_steps"}}
    store.begin({"identity": facts})
    for task, letters in wins.items():
        for seed, letter in enumerate(letters):
            store.record(
                Episode(
                    task=task,
                    split=facts["split"],
                    seed=seed,
                    status="error" if letter == "e" else "scored",
                    success=letter == "1",
                    max_steps=changed.get("max_steps", 100),
                )
            )
    store.close()
    return folder


def test_only_episodes_scored_on_both_sides_are_paired(tmp_path):
    a = side(evaluation(tmp_path / "a", {"X": "1100e", "Y": "11"}))
    b = side(evaluation(tmp_path / "b", {"X": "10110", "Z": "1"}))
    made = compare(a, b)
    assert [(t.name, t.n) for t in made.tasks] == [("X", 4)]
    one = made.overall
    assert (one.both, one.only_a, one.only_b, one.neither) == (1, 1, 2, 0)
    assert (made.unpaired_a, made.unpaired_b) == (2, 2)
    assert any("1 episodes of A have no score" in text for text in made.warnings)


@pytest.mark.parametrize("name", ["split", "assets"])
def test_other_scenes_make_no_pairs(name, tmp_path):
    a = side(evaluation(tmp_path / "a", {"X": "1"}))
    b = side(evaluation(tmp_path / "b", {"X": "1"}, **{name: "other"}))
    with pytest.raises(ConfigError, match="make no pairs"):
        compare(a, b)


def test_another_horizon_or_simulation_is_a_warning(tmp_path):
    a = side(evaluation(tmp_path / "a", {"X": "1"}))
    b = side(evaluation(tmp_path / "b", {"X": "1"}, max_steps=50, **{"versions.mujoco": "3.4"}))
    warnings = " ".join(compare(a, b).warnings)
    assert "A had 100 steps, B 50" in warnings
    assert "A ran with 3.3.1, B with 3.4" in warnings


def test_what_differs_in_the_configuration_is_said(tmp_path):
    a = side(evaluation(tmp_path / "a", {"X": "1"}))
    b = side(evaluation(tmp_path / "b", {"X": "1"}, **{"policy.name": "b"}))
    assert compare(a, b).differences == ['policy.name: A "a", B "b"']


def test_nothing_in_common_is_refused(tmp_path):
    a = side(evaluation(tmp_path / "a", {"X": "1"}))
    b = side(evaluation(tmp_path / "b", {"Y": "1"}))
    with pytest.raises(ConfigError, match="share no scored episode"):
        compare(a, b)


def test_the_command_answers_in_words_and_in_one_object(tmp_path, capsys):
    a = evaluation(tmp_path / "a", {"X": "0" * 10, "Y": "01"})
    b = evaluation(tmp_path / "b", {"X": "1" * 10, "Y": "10"}, **{"policy.name": "b"})
    assert main(["compare", str(a), str(b)]) == 0
    said = capsys.readouterr().out
    assert "B succeeds more often" in said
    assert 'policy.name: A "a", B "b"' in said
    assert main(["compare", str(a), str(b), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["overall"]["only_b"] == 11
    assert [task["n"] for task in told["tasks"]] == [10, 2]
    assert main(["compare", str(a), str(tmp_path)]) == 2


def test_the_verdict_says_how_many_more_pairs_would_show_it(tmp_path):
    a = side(evaluation(tmp_path / "a", {"X": "0000011111"}))
    b = side(evaluation(tmp_path / "b", {"X": "1110011110"}))
    overall = compare(a, b).overall
    assert f"about {overall.more} more pairs" in verdict(overall)
    same = compare(a, a).overall
    assert "more may not help" in verdict(same)
