"""Ways to say a subtask, held against the vocabulary that referee and experts act on."""

import numpy as np
import pytest

from leapcasa.envs.skills import Skill, parse, skill_of
from leapcasa.runs.policy import wordings

SKILLS = [
    parse(text, context)
    for text, context in [
        ("Turn on the sink", ""),
        ("Turn off the faucet", ""),
        ("Manuever the spout to wash all locations of the sink basin", ""),
        ("Turn the spout to the left", ""),
        ("Close the electric kettle lid", ""),
        ("Turn on the electric kettle", ""),
        ("Open the dishwasher", ""),
        ("Pull out the top rack of the dishwasher", ""),
        ("Push the bottom dishwasher rack in", ""),
        ("Open the drawer", ""),
        ("Turn on the burner", ""),
        ("Drive to the stove", ""),
        ("Close the cabinet door", ""),
        ("Open the cabinet door", ""),
        ("Close all open cabinet doors", ""),
    ]
]


@pytest.mark.parametrize("skill", SKILLS, ids=wordings.name_of)
def test_every_wording_means_the_skill(skill: Skill):
    for held_out in (False, True):
        for text in wordings.wordings(skill, held_out=held_out):
            assert parse(text, "") == skill, text


@pytest.mark.parametrize("skill", SKILLS, ids=wordings.name_of)
def test_wordings_kept_from_training_are_never_said_in_it(skill: Skill):
    rng = np.random.default_rng(0)
    kept = set(wordings.wordings(skill, held_out=True))
    said = {wordings.said("own words", skill, rng) for _ in range(400)}
    assert kept
    assert not kept & said
    assert "own words" in said
    assert len(said) > 5


def test_words_that_are_not_understood_are_said_as_they_are():
    assert wordings.said("juggle", None, np.random.default_rng(0)) == "juggle"
    assert wordings.name_of(skill_of("juggle", "")) == "other"
