"""The planner that ships: its weights are those of the card, and plan as the card's file says."""

import hashlib
import json
from pathlib import Path

import pytest

from leapcasa.agent.leap import SHIPPED
from leapcasa.runs.cli import main

TASKS = ("AddIceCubes", "BowlAndCup", "RotatePan", "PlaceStraw")
RECORDED = json.loads((SHIPPED / "held_out.json").read_text())


def test_the_card_s_hash_is_that_of_the_weights():
    digest = hashlib.sha256((SHIPPED / "model.safetensors").read_bytes()).hexdigest()
    assert digest in (SHIPPED / "README.md").read_text()
    assert len(RECORDED) == 60


@pytest.mark.sim
def test_it_plans_held_out_tasks_as_was_recorded(tmp_path: Path):
    words = ["plan", "eval", "--planner", "leap", "--config", "small-planner"]
    assert main([*words, "--tasks", ",".join(TASKS), "--out", str(tmp_path)]) == 0
    lines = (tmp_path / "plans.jsonl").read_text().splitlines()
    made = {plan["case"]: plan["subtasks"] for plan in map(json.loads, lines)}
    assert made == {task: RECORDED[task] for task in TASKS}
