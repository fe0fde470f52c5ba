"""Constrained writing: words of the instruction and of kitchens, whatever the model prefers."""

import numpy as np
import pytest

from leapcasa.agent import grounding
from leapcasa.agent.leap import LeapPlanner

TASK = "Put both knives and the cherries in the wicker basket."


@pytest.mark.parametrize(
    ("text", "ended", "allowed"),
    [
        ("", False, True),
        ("1) Pick the kn", False, True),
        ("1) Pick the knife from the counter and place it in the bas", False, True),
        ("1) Pick the cherry", True, True),
        ("1) Pick the wicker basket.\n2) ", False, True),
        ("1) Pick the lob", False, False),
        ("1) Pick the lobster ", False, False),
        ("1) Pick the bas", True, False),
        ("1) Pick the lobster from the counter and", False, False),
    ],
)
def test_words_are_held_to_the_instruction_and_the_kitchen(text, ended, allowed):
    assert grounding.grounded(text, ended, grounding.words(TASK)) is allowed


@pytest.mark.parametrize(
    ("task", "text", "allowed"),
    [
        ("Wait for 150 steps", "12) Wait 150 steps", True),
        ("Wait for 150 steps", "1) Wait 15", True),
        ("Wait for 150 steps", "1) Wait 300 ", False),
        ("Wait half a minute", "1) Wait 300 steps", True),
        ("Put the egg in the bowl", "1) Pick the egg\n2) Pick the second egg", False),
        ("Put the eggs in the bowl", "1) Pick the egg\n2) Pick the second egg", True),
        ("Put each egg in the bowl", "1) Pick the egg\n2) Pick the second egg", True),
        ("Put it on the second shelf", "1) Place it on the second shelf", True),
        ("Place the glass by the asparagus", "1) Pick the second gl", False),
    ],
)
def test_numbers_and_several_are_the_instructions(task, text, allowed):
    assert grounding.grounded(text, False, grounding.words(task)) is allowed


def test_what_may_be_begun_is_exactly_what_can_be_ended():
    known = grounding.words(TASK)
    rng = np.random.default_rng(0)
    every = [*sorted(known), "lobster", "knifes", "xyz"]
    for _ in range(300):
        text = " ".join(every[int(i)] for i in rng.integers(0, len(every), 4))
        whole = all(word in known for word in text.split())
        assert grounding.grounded(text, True, known) is whole
        begun = all(grounding.grounded(text[:i], False, known) for i in range(len(text)))
        assert begun or not whole


def test_a_model_that_prefers_other_words_writes_known_ones(small_checkpoint):
    told = {"max_new_tokens": 24, "retries": 0, "temperature": 1.0, "top_p": 1.0}
    free = LeapPlanner(str(small_checkpoint), constrained=True, **told)
    held = LeapPlanner(str(small_checkpoint), constrained=True, grounded=True, **told)
    picture = {"right": np.zeros((64, 64, 3), np.uint8)}
    known = grounding.words(TASK)
    assert not grounding.grounded(free.plan(TASK, picture).raw, False, known)
    said = held.plan(TASK, picture).raw
    assert said.startswith("1) ")
    assert grounding.grounded(said, False, known)
