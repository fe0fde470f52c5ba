from hypothesis import given
from hypothesis import strategies as st

from leapcasa.agent.advance import AdvanceRule
from leapcasa.configs import AdvanceConfig


@given(
    st.lists(st.floats(-2, 2), max_size=40),
    st.floats(-1, 1),
    st.integers(1, 4),
)
def test_done_exactly_when_the_last_k_margins_exceed_the_threshold(margins, threshold, k):
    rule = AdvanceRule(AdvanceConfig(margin=threshold, consecutive=k))
    rule.begin_episode()
    for i, margin in enumerate(margins):
        window = margins[max(0, i - k + 1) : i + 1]
        expected = len(window) == k and all(m > threshold for m in window)
        assert rule.complete(margin) == expected


@given(st.integers(0, 3), st.integers(0, 3), st.sampled_from(["replan", "skip", "stop"]))
def test_remedies_come_in_order_and_end(retries, replans, last):
    config = AdvanceConfig(retries=retries, max_replans=replans, on_timeout=last)
    rule = AdvanceRule(config)
    rule.begin_episode()
    for _ in range(retries):
        assert rule.remedy() == "retry"
    if last != "replan":
        assert rule.remedy() == last
        return
    for _ in range(replans):
        assert rule.remedy() == "replan"
        rule.begin_subtask()
        for _ in range(retries):
            assert rule.remedy() == "retry"
    assert rule.remedy() == "stop"


@given(st.integers(1, 50).map(lambda n: 2 * n), st.integers(0, 500))
def test_verdicts_are_due_every_interval_but_not_at_the_start(interval, steps):
    rule = AdvanceRule(AdvanceConfig(interval=interval))
    due = {n for n in range(interval, 501, interval)}
    assert rule.judge_due(steps) == (steps in due)


def test_a_failed_attempt_breaks_a_streak():
    rule = AdvanceRule(AdvanceConfig(consecutive=2, retries=1))
    rule.begin_episode()
    assert not rule.complete(1.0)
    assert rule.remedy() == "retry"
    assert not rule.complete(1.0)
    assert rule.complete(1.0)


@given(st.integers(1, 100), st.integers(1, 100), st.booleans())
def test_a_wait_is_never_given_less_time_than_anything_else(timeout, waiting, waits):
    rule = AdvanceRule(AdvanceConfig(timeout=timeout, waiting=waiting))
    rule.begin_subtask(waits=waits)
    last = max(timeout, waiting) if waits else timeout
    assert [rule.timed_out(n) for n in range(120)] == [n >= last for n in range(120)]
