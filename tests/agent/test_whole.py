import pytest

from leapcasa.agent.base import Attempt
from leapcasa.agent.whole import WholePlanner
from leapcasa.configs import LeapcasaError


def test_the_instruction_is_the_one_subtask_word_for_word_however_long():
    text = "Pick the mug,  then place it. " * 40
    plan = WholePlanner().plan(text, {})
    assert [subtask.text for subtask in plan.subtasks] == [text]
    again = WholePlanner().plan(text, {}, [Attempt(text=text, outcome="failed")])
    assert again == plan


def test_no_words_are_no_plan():
    with pytest.raises(LeapcasaError, match="no instruction"):
        WholePlanner().plan("  ", {})
