import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from leapcasa.agent.base import Attempt
from leapcasa.agent.split import VERBS, SplitPlanner, clauses
from leapcasa.configs import LeapcasaError
from leapcasa.envs.standin.registry import Registry

KNOWN = {
    "Turn on the sink and manuever the spout to wash all locations of the sink basin.": [
        "Turn on the sink",
        "Manuever the spout to wash all locations of the sink basin",
    ],
    "Close the electric kettle lid and turn on the electric kettle.": [
        "Close the electric kettle lid",
        "Turn on the electric kettle",
    ],
    "Open the dishwasher door and pull out the top rack.": [
        "Open the dishwasher door",
        "Pull out the top rack",
    ],
    "Place the salt and pepper shaker next to the bread and cheese.": [
        "Place the salt and pepper shaker next to the bread and cheese"
    ],
    "Move the spout left and right.": ["Move the spout left and right"],
    "There is a bowl on the counter. Grab a lemon, then put it in the bowl.": [
        "There is a bowl on the counter. Grab a lemon",
        "Put it in the bowl",
    ],
    "Open the fridge, remove the apple, egg, and carrot, and place them on any counter.": [
        "Open the fridge",
        "Remove the apple, egg, and carrot",
        "Place them on any counter",
    ],
    "Rinse the board, then turn off the faucet. Push it to the water if necessary.": [
        "Rinse the board",
        "Turn off the faucet. Push it to the water if necessary",
    ],
    "Take the clean and empty bowls. Make sure that they stay dry.": [
        "Take the clean and empty bowls. Make sure that they stay dry"
    ],
    "1) open the drawer 2) take the fork 3. close the drawer": [
        "Open the drawer",
        "Take the fork",
        "Close the drawer",
    ],
    "Do the thing nobody has words for": ["Do the thing nobody has words for"],
}


def text_of(node: ast.expr) -> str | None:
    """The text of a literal, with THING for what is filled in at run time."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(getattr(value, "value", "")) if isinstance(value, ast.Constant) else "thing"
            for value in node.values
        )
    if isinstance(node, ast.BinOp):
        left, right = text_of(node.left), text_of(node.right)
        return None if left is None or right is None else left + right
    return None


def robocasa_instructions() -> Iterator[str]:
    """Every instruction that RoboCasa's task classes spell out."""
    folder: Path = Registry.load().package / "environments/kitchen"
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
                key = node.targets[0].slice
                if isinstance(key, ast.Constant) and key.value == "lang":
                    text = text_of(node.value)
                    if text and text.strip():
                        yield text


@pytest.mark.parametrize("instruction", list(KNOWN))
def test_known_instructions_are_cut_as_a_reader_would(instruction: str):
    assert clauses(instruction) == KNOWN[instruction]


def test_no_word_of_robocasas_instructions_is_lost_but_the_joints():
    joints = {
        "and",
        "then",
        "next",
        "finally",
        "once",
        "finished",
        "done",
        "first",
        "after",
        "lastly",
        "when",
        "that",
        "also",
        "afterwards",
        "afterward",
        "now",
    }
    instructions = list(robocasa_instructions())
    assert len(instructions) > 300
    for instruction in instructions:
        before = re.findall(r"[a-z0-9']+", instruction.lower())
        after = re.findall(r"[a-z0-9']+", " ".join(clauses(instruction)).lower())
        lost = [w for w in before if before.count(w) > after.count(w)]
        assert set(lost) <= joints, (instruction, clauses(instruction))


def test_nearly_every_clause_begins_with_a_command():
    # What is left over: texts whose verb is filled in at run time, and context sentences.
    pieces = [c for text in robocasa_instructions() for c in clauses(text)]
    commands = [c for c in pieces if re.split(r"[^a-z]", c.lower())[0] in VERBS]
    assert len(commands) / len(pieces) > 0.95


def test_a_replan_leaves_out_what_was_declared_done():
    planner = SplitPlanner()
    history = [
        Attempt(text="Open the dishwasher door", outcome="done"),
        Attempt(text="Pull out the top rack", outcome="failed"),
    ]
    plan = planner.plan("Open the dishwasher door and pull out the top rack.", {}, history)
    assert [s.text for s in plan.subtasks] == ["Pull out the top rack"]


@pytest.mark.parametrize("instruction", ["", "  ", "...", "\n"])
def test_an_instruction_without_words_is_refused(instruction: str):
    with pytest.raises(LeapcasaError, match="no usable step"):
        SplitPlanner().plan(instruction, {})
