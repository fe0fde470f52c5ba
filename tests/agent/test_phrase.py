import pytest

from leapcasa.agent.phrase import instruction


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("pick up the mug.", "Pick up the mug"),
        ("2. The robot should then carefully pick up the mug.", "Pick up the mug"),
        ("Step 3: Open the fridge door", "Open the fridge door"),
        ("Then, finally, turn off the stove!", "Turn off the stove"),
        ("I will place the bowl in the sink", "Place the bowl in the sink"),
        ("Use the robot's left arm to grasp the pan", "Grasp the pan"),
        ('"Close the drawer."', "Close the drawer"),
        ("Please now open the oven", "Open the oven"),
        ("You need to wait for 5 seconds", "Wait for 5 seconds"),
        ("Now and then", "Now and then"),
        ("Firstly wash the first plate", "Wash the first plate"),
    ],
)
def test_words_become_roboccasa_style_instructions(said, wanted):
    assert instruction(said) == wanted


def test_an_instruction_in_style_stays_itself():
    for text in ("Turn on the sink faucet", "Pick the robot toy from the counter", "Use the timer"):
        assert instruction(text) == text
