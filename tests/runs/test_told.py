"""The words that a recorded run was told its task in."""

import pytest

from leapcasa.runs.told import instruction

SCENE = {"instruction": "Close the drawer."}


@pytest.mark.parametrize(
    ("run", "told"),
    [
        ({"config": {"env": {"instruction": None}}, "scene": SCENE}, "Close the drawer."),
        ({"config": {"env": {"instruction": "Shut it."}}, "scene": SCENE}, "Shut it."),
        ({"config": {"env": {}}, "scene": SCENE}, "Close the drawer."),  # before it could be set
        ({"config": "?", "scene": SCENE}, "Close the drawer."),
        ({"config": {"env": 7}, "scene": []}, None),
        ({}, None),
    ],
)
def test_the_user_s_own_words_count_where_there_are_any(run, told):
    assert instruction(run) == told
