"""What undoes a skill."""

import pytest

from leapcasa.envs.skills import parse
from leapcasa.runs.judge_data.script import opposite


@pytest.mark.parametrize(
    ("text", "undone"),
    [
        ("Turn on the front left burner of the stove", "Turn off the front left burner"),
        ("Fully slide the top dishwasher rack in", "Pull out the top dishwasher rack"),
        ("Turn on the hot water at the sink faucet", "Turn off the faucet"),
        ("Open the left drawer", "Close the left drawer"),
    ],
)
def test_what_undoes_a_skill_is_of_the_same_part(text: str, undone: str):
    assert opposite(parse(text)) == parse(undone)


@pytest.mark.parametrize("text", ["Rotate the pan", "Close all the open cabinet doors"])
def test_nothing_or_too_much_undoes_some(text: str):
    assert opposite(parse(text)) is None
