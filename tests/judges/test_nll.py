import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leapcasa.configs import ConfigError
from leapcasa.judges import nll
from leapcasa.judges.nll import METHODS, AnswerNLL, Method

LABELS = ("not complete", "complete")


def view(not_complete: float, complete: float, tokens: tuple[int, int] = (2, 1)):
    """Answers of one view from mean-token NLLs."""
    means = (not_complete, complete)
    return {
        label: AnswerNLL(nll=mean * n, tokens=n)
        for label, mean, n in zip(LABELS, means, tokens, strict=True)
    }


def test_the_cards_worked_formula_and_its_json():
    """score = 0.5 NLL_right / n + 0.5 NLL_left / n, which gives the card's example output."""
    right = {
        "not complete": AnswerNLL(nll=0.5000, tokens=2),
        "complete": AnswerNLL(nll=0.1500, tokens=1),
    }
    left = {
        "not complete": AnswerNLL(nll=0.4296, tokens=2),
        "complete": AnswerNLL(nll=0.2192, tokens=1),
    }
    how = nll.method("right_left_mean_normalized_nll")
    scores = nll.scores({"right": right, "left": left}, how)
    assert {k: round(v, 4) for k, v in scores.items()} == {
        "not complete": 0.2324,
        "complete": 0.1846,
    }
    assert nll.lowest(scores) == "complete"


def test_normalising_decides_because_the_labels_differ_in_length():
    seen = {"right": view(1.0, 1.5)}
    plain = Method(name="sum", views=("right",), normalize=False)
    assert nll.lowest(nll.scores(seen, METHODS["right_normalized_nll"])) == "not complete"
    assert nll.lowest(nll.scores(seen, plain)) == "complete"  # 1.5 against 2 x 1.0


def test_single_views_look_at_their_view_alone():
    seen = {"right": view(1, 2), "left": view(2, 1), "hand": view(5, 4)}
    for short, expected in (("right", (1, 2)), ("left", (2, 1)), ("hand", (5, 4))):
        assert tuple(nll.scores(seen, nll.method(short)).values()) == expected


def test_the_majority_outvotes_one_confident_view():
    seen = {"right": view(1, 2), "left": view(1, 2), "hand": view(50, 1)}
    voted = nll.scores(seen, nll.method("vote"))
    assert voted == pytest.approx({"not complete": 1 / 3, "complete": 2 / 3})
    assert nll.lowest(nll.scores(seen, nll.method("three_view"))) == "complete"


def test_three_view_mean():
    seen = {"right": view(1, 2), "left": view(2, 3), "hand": view(6, 1)}
    assert nll.scores(seen, nll.method("three_view")) == pytest.approx(
        {"not complete": 3.0, "complete": 2.0}
    )


def test_weights_are_a_weighted_mean():
    how = Method(name="w", views=("right", "left"), weights={"right": 3.0, "left": 1.0})
    assert nll.scores({"right": view(1, 2), "left": view(5, 2)}, how) == pytest.approx(
        {"not complete": 2.0, "complete": 2.0}
    )


def test_a_tie_does_not_declare_a_subtask_done():
    assert nll.lowest({"not complete": 1.0, "complete": 1.0}) == "not complete"


positive = st.floats(0, 1e4, allow_nan=False)


@given(st.lists(st.tuples(positive, positive), min_size=3, max_size=3), st.integers(1, 5))
def test_every_method_equals_its_words(values, tokens):
    views = ("right", "left", "hand")
    seen = {
        v: {
            "not complete": AnswerNLL(nll=a, tokens=tokens + 1),
            "complete": AnswerNLL(nll=b, tokens=tokens),
        }
        for v, (a, b) in zip(views, values, strict=True)
    }
    for how in METHODS.values():
        got = nll.scores(seen, how)
        for label, n in (("not complete", tokens + 1), ("complete", tokens)):
            mean = [seen[v][label].nll / n for v in how.views]
            if how.combine == "mean":
                assert math.isclose(got[label], sum(mean) / len(mean), abs_tol=1e-9)
            else:
                chosen = [
                    "complete"
                    if seen[v]["complete"].nll / tokens < seen[v]["not complete"].nll / (tokens + 1)
                    else "not complete"
                    for v in views
                ]
                assert math.isclose(got[label], 1 - chosen.count(label) / 3, abs_tol=1e-9)


@pytest.mark.parametrize(
    ("seen", "how", "said"),
    [
        ({"right": view(1, 2)}, "right_left", "missing: left"),
        (
            {"right": view(1, 2), "left": {"yes": AnswerNLL(nll=1, tokens=1)}},
            "right_left",
            "differ",
        ),
        ({"right": view(float("nan"), 2)}, "right", "no usable likelihood"),
        (
            {"right": {"complete": AnswerNLL(nll=1.0, tokens=0)}},
            "right",
            "no usable likelihood",
        ),
    ],
)
def test_what_cannot_be_scored_is_refused(seen, how, said):
    with pytest.raises(ConfigError, match=said):
        nll.scores(seen, nll.method(how))


def test_unknown_methods_and_impossible_ones_are_refused():
    with pytest.raises(ConfigError, match="did you mean 'right_left'"):
        nll.method("right_lft")
    with pytest.raises(ConfigError, match="weights"):
        Method(name="x", views=("right",), weights={"left": 1.0})
    with pytest.raises(ConfigError, match="positive"):
        Method(name="x", views=("right",), weights={"right": 0.0})
    with pytest.raises(ConfigError, match="each once"):
        Method(name="x", views=("right", "right"))
