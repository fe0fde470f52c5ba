"""What rules read of an instruction, and what a plan may not leave out of it."""

import pytest

from leapcasa.agent import reading
from leapcasa.agent.split import clauses

MEASURED = (
    "Take the blender jug and place it in the sink to prepare it for cleaning.",
    "Close the left drawer.",
    "Navigate to the stand mixer.",
    "Open the right drawer.",
    "Open the dishwasher door and pull out the top rack.",  # of what, the task says
    "Turn on the sink and manuever the spout to wash all locations of the sink basin.",
    "Rotate the pan to help distribute the heat more evenly.",
    "Close the electric kettle lid and turn on the electric kettle.",
    "Wait until the marinara sauce is simmered to a deep red color and then turn off the stove.",
    "Turn off the sink faucet.",
    "Turn off the front left burner of the stove.",
    "Turn on the rear right burner of the stove.",
)
"""RoboCasa's words for the twelve tasks of which the card of the policy has closed loops."""


@pytest.mark.parametrize("instruction", MEASURED)
def test_the_measured_tasks_are_planned_by_rules_so_their_loops_are_as_with_split(instruction: str):
    assert reading.whole(instruction, clauses(instruction))


@pytest.mark.parametrize(
    ("instruction", "whole"),
    [
        ("Kindly shut the lid of the kettle, then get it going.", False),  # a verb of no command
        ("Wash the mug and turn on the faucet.", False),  # the first clause is no skill
        # The rules find a sweep in it, but no command: they do not know what else it says.
        ("The sink needs a rinse: run the water and move the spout around the basin.", False),
    ],
)
def test_rules_know_of_what_they_read_all(instruction: str, whole: bool):
    assert reading.whole(instruction, clauses(instruction)) is whole


BASIN = "Wash the mug, turn on the faucet, and close the left drawer."


@pytest.mark.parametrize(
    ("steps", "lost"),
    [
        (["Turn on the sink faucet", "Close the left drawer"], ""),
        (["Turn on the sink", "Wash the mug in the sink", "Shut the left drawer"], ""),
        (["Turn on the faucet", "Close the drawer"], "Close the left drawer"),  # which one?
        (["Close the left drawer", "Turn on the faucet"], "Close the left drawer"),  # too early
        (["Turn off the faucet", "Close the left drawer"], "Turn on the faucet"),
        (["Put everything away"], "Turn on the faucet"),
    ],
)
def test_a_plan_keeps_each_clause_that_was_understood_in_its_order(steps: list[str], lost: str):
    assert reading.left_out(BASIN, clauses(BASIN), steps) == lost


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ("The faucet is still running, make it stop", "Turn off the sink faucet"),
        ("I want the dishwasher door open", "Open the dishwasher door"),
        ("Shut the tap", "Shut the tap"),  # a command stays in the words of who asked
        ("The mug is dirty", "The mug is dirty"),  # nothing is understood
        # Two wishes: one command would lose one of them.
        ("I want the dishwasher open and the faucet on",) * 2,
        ("The faucet is on, then wash the mug", "The faucet is on, then wash the mug"),
        ("The left drawer should be closed", "The left drawer should be closed"),  # no plain words
    ],
)
def test_what_commands_nothing_but_is_understood_is_said_as_a_command(said: str, command: str):
    (told,) = reading.commands([said], said)
    assert told == command
    asked, now = reading.skills([said, told], said)
    assert asked == now
