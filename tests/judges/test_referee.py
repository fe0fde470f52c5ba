"""The referee as a judge: its verdict is the truth, and it keeps to the protocol."""

from typing import cast

import pytest

from leapcasa.configs import JudgeError
from leapcasa.envs.referee import Referee
from leapcasa.envs.skills import UnknownSubtask
from leapcasa.judges.base import COMPLETE, NOT_COMPLETE
from leapcasa.judges.referee import RefereeJudge


class ByHand:
    """Speaks the referee's three calls; progress is set by the test."""

    def __init__(self) -> None:
        self.now = 0.0
        self.watched: list[str] = []

    def watch(self, instruction: str) -> None:
        if "plate" in instruction:
            raise UnknownSubtask("no such thing")
        self.watched.append(instruction)

    def progress(self) -> float:
        return self.now


def judge() -> tuple[RefereeJudge, ByHand]:
    truth = ByHand()
    return RefereeJudge(cast(Referee, truth)), truth


@pytest.mark.parametrize(
    ("progress", "label"), [(0.0, NOT_COMPLETE), (0.99, NOT_COMPLETE), (1.0, COMPLETE)]
)
def test_the_verdict_is_the_truth_and_the_lower_score_wins(progress: float, label: str):
    referee, truth = judge()
    referee.reset("turn on the sink")
    truth.now = progress
    verdict = referee.score({}, "turn on the sink")
    assert verdict.label == label
    assert min(verdict.scores, key=lambda name: verdict.scores[name]) == label
    assert (verdict.margin > 0) is (label == COMPLETE)


def test_the_margin_rises_with_progress():
    referee, truth = judge()
    referee.reset("turn on the sink")
    margins = []
    for truth.now in (0.0, 0.3, 0.9, 1.0):
        margins.append(referee.score({}, "turn on the sink").margin)
    assert margins == sorted(margins)


def test_it_is_flagged_and_wants_no_frames():
    referee, _ = judge()
    assert referee.info.privileged
    assert referee.info.frames == 0


def test_an_unknown_subtask_and_a_forgotten_reset_are_errors_of_the_judge():
    referee, _ = judge()
    with pytest.raises(JudgeError, match="cannot judge"):
        referee.reset("wash the plate")
    referee.reset("turn on the sink")
    with pytest.raises(JudgeError, match="call reset"):
        referee.score({}, "turn off the sink")
