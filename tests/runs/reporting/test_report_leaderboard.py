"""leaderboard.json: a figure only where it was measured as the published ones were."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

import leapcasa.runs.reporting.leaderboard as module
from leapcasa.configs import load, to_dict
from leapcasa.envs.tasks import all_tasks, task_sets
from leapcasa.runs.evaluation.episode import Episode
from leapcasa.runs.reporting.leaderboard import NA, SETS, leaderboard, problems

SCHEMA = json.loads(Path(module.__file__).with_name("leaderboard.schema.json").read_text())
ABOUT = {
    "config": to_dict(load("official-multitask", ["policy=random"])),
    "assets": "full-1",
    "begun": "2026-11-21T10:00:00+0000",
    "versions": {"rlinf-robocasa365": "1.0.1"},
}


def rows(*names: str) -> list[Episode]:
    """50 episodes of each task of these sets; the seeds below the task's place succeed."""
    made = []
    for name in names:
        for place, task in enumerate(task_sets()[name]):
            horizon = all_tasks()[task].horizon
            assert horizon
            for seed in range(50):
                made.append(
                    Episode(
                        task=task, split="pretrain", seed=seed, status="scored", steps=horizon,
                        max_steps=horizon, end_reason="horizon", success=seed < place,
                    )
                )  # fmt: skip
    return made


def made(episodes, about=ABOUT):
    value = leaderboard(episodes, about, task_sets())
    jsonschema.Draft202012Validator(SCHEMA).validate(value)
    assert problems(value) == []
    return value


def test_an_official_evaluation_gives_the_mean_of_its_tasks_rates():
    value = made(rows(*SETS))
    for name in SETS:
        tasks = len(task_sets()[name])
        expected = 100 * sum(place / 50 for place in range(tasks)) / tasks
        assert value[f"{name}_success"] == pytest.approx(expected, abs=0.05)
    assert "No figure" not in value["notes"]
    assert value["date"] == "2026-11-21"
    assert value["robocasa_version"] == "1.0.1"


def test_a_set_that_was_not_run_whole_has_no_figure_and_the_others_keep_theirs():
    every = rows("atomic_seen", "composite_seen")
    task = task_sets()["composite_seen"][3]
    dropped = next(r for r in every if r.task == task and r.seed == 7)
    broken = [replace(r, status="error") if r is dropped else r for r in every]
    value = made(broken)
    assert isinstance(value["atomic_seen_success"], float)
    assert value["composite_seen_success"] == NA
    assert "composite_seen_success is N/A: 1 of its 16 tasks" in value["notes"]
    assert value["composite_unseen_success"] == NA
    assert "no task of composite_unseen was run" in value["notes"]


def changed(**config) -> dict:
    return {**ABOUT, "config": {**ABOUT["config"], **config}}


LIMITS, ENV = ABOUT["config"]["limits"], ABOUT["config"]["env"]


@pytest.mark.parametrize(
    ("about", "why"),
    [
        ({**ABOUT, "assets": "standin-9e79"}, "stand-in"),
        ({**ABOUT, "assets": ""}, "stand-in"),
        ({}, "stand-in"),
        (changed(split="target"), "split 'target'"),
        (changed(limits={**LIMITS, "success_every": 1}), "every 1 steps"),
        (changed(limits={**LIMITS, "max_steps": 4000}), "official horizon"),
        (changed(limits={**LIMITS, "wall_seconds": 60.0}), "official horizon"),
        (changed(env={**ENV, "render_profile": "fast"}), "not drawn exactly"),
    ],
)
def test_whatever_differs_from_the_official_protocol_leaves_no_figure(about, why):
    value = made(rows(*SETS), about)
    assert {value[f"{name}_success"] for name in SETS} == {NA}
    assert why in value["notes"]


def test_privileged_parts_and_early_ends_leave_no_figure():
    every = rows(*SETS)
    value = made([replace(every[0], privileged=("judge",)), *every[1:]])
    assert {value[f"{name}_success"] for name in SETS} == {NA}
    assert "PRIVILEGED" in value["notes"]
    early = next(r for r in every if not r.success)
    value = made([replace(r, steps=10) if r is early else r for r in every])
    assert {value[f"{name}_success"] for name in SETS} == {NA}
    assert "1 failed episodes ended before" in value["notes"]
    won = next(r for r in every if r.success)
    value = made([replace(r, steps=10) if r is won else r for r in every])
    assert NA not in {value[f"{name}_success"] for name in SETS}  # success is latched


CONFIG = {"batch_size": 128, "num_training_steps": 120000}


@pytest.mark.parametrize(
    "change",
    [
        {"atomic_seen_success": 100.5},
        {"atomic_seen_success": -1},
        {"atomic_seen_success": "50"},
        {"atomic_seen_success": True},
        {"atomic_seen_success": None},
        {"model_name": ""},
        {"model_name": 3},
        {"date": "21.11.2026"},
        {"date": "2026-13-01"},
        {"open_source": True},
        {"open_source": "maybe"},
        {"submission_source": "elsewhere"},
        {"training_config": {"batch_size": 128}},
        {"training_config": {**CONFIG, "batch_size": 0}},
        {"training_config": {**CONFIG, "batch_size": "128"}},
        {"training_config": {**CONFIG, "rate": 1}},
        {"training_config": NA},
        {"notes": ""},
        {"score": 5},
    ],
)
def test_the_products_own_check_refuses_what_the_schema_refuses(change):
    value = {**made(rows("atomic_seen")), **change}
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(value)
    assert problems(value)


def test_the_products_own_check_and_the_schema_accept_a_filled_in_submission():
    value = {
        **made(rows(*SETS)),
        "policy_family": "VLA",
        "submitter": "A team",
        "open_source": "yes",
        "training_config": CONFIG,
        "code_url": "https://example.org/code",
    }
    jsonschema.Draft202012Validator(SCHEMA).validate(value)
    assert problems(value) == []
    for name in SCHEMA["required"]:
        fewer = {key: one for key, one in value.items() if key != name}
        assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(fewer)
        assert problems(fewer) == [f"{name} is missing"]
