"""The model card's decision rule as pure arithmetic: from likelihoods per view to one label.

For a view v and a label l the model gives NLL_v(l), the summed negative log-likelihood of the
label's answer tokens [nats]. With n(l) answer tokens the card's best rule is

    s_v(l)      = NLL_v(l) / n(l)
    score(l)    = 0.5 * s_right(l) + 0.5 * s_left(l)
    prediction  = argmin_l score(l)

Dividing by n(l) matters because "not complete" is longer than "complete". The card also tables
other ways to join the views; they are the other `METHODS` here. Source: model card of
robocasa-qwen3vl4b-completion-judge-seen-nav-p30-1to2, "Best Inference Rule". The card gives no
formula for its "three-view mean NLL"; it is read here as the same rule over three views.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..configs import ConfigError, nearest
from ..envs.sensors import View


@dataclass(frozen=True, kw_only=True)
class AnswerNLL:
    """How unlikely one answer is after one clip."""

    nll: float
    """Summed negative log-likelihood of the answer's tokens [nats]."""
    tokens: int
    """Number of answer tokens, at least 1."""

    @property
    def mean(self) -> float:
        """Mean-token NLL [nats per token]."""
        return self.nll / self.tokens


Answers = Mapping[str, AnswerNLL]
"""One view's likelihood of every label."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way to join views into a score per label."""

    name: str
    """What the card's script writes as `ensemble`."""
    views: tuple[View, ...]
    combine: Literal["mean", "vote"] = "mean"
    normalize: bool = True
    """Divide each NLL by its number of answer tokens."""
    weights: Mapping[View, float] = field(default_factory=dict)
    """Weight of each view in the mean, any positive scale; empty: all alike."""

    def __post_init__(self) -> None:
        if not self.views or len(set(self.views)) != len(self.views):
            raise ConfigError(f"method {self.name!r} needs views, each once; got {self.views!r}")
        if self.weights and set(self.weights) != set(self.views):
            raise ConfigError(
                f"method {self.name!r}: weights for {sorted(self.weights)}, "
                f"views are {sorted(self.views)}"
            )
        if any(not (math.isfinite(w) and w > 0) for w in self.weights.values()):
            raise ConfigError(
                f"method {self.name!r}: weights are positive, got {dict(self.weights)}"
            )


RIGHT_LEFT = "right_left_mean_normalized_nll"
"""The card's recommended rule, and the default."""

METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method(name=RIGHT_LEFT, views=("right", "left")),
        Method(name="right_normalized_nll", views=("right",)),
        Method(name="left_normalized_nll", views=("left",)),
        Method(name="hand_normalized_nll", views=("hand",)),
        Method(name="three_view_majority_vote", views=("right", "left", "hand"), combine="vote"),
        Method(name="three_view_mean_nll", views=("right", "left", "hand")),
    )
}
SHORT_METHODS: Mapping[str, str] = {
    "right_left": RIGHT_LEFT,
    "right": "right_normalized_nll",
    "left": "left_normalized_nll",
    "hand": "hand_normalized_nll",
    "vote": "three_view_majority_vote",
    "three_view": "three_view_mean_nll",
}
"""What a user types -> full name."""


def method(name: str) -> Method:
    """The method of this name, short or full.

    Raises:
        ConfigError: for an unknown name.
    """
    full = SHORT_METHODS.get(name, name)
    if full not in METHODS:
        known = [*SHORT_METHODS, *METHODS]
        raise ConfigError(
            f"unknown method {name!r}{nearest(name, known)}; there are "
            f"{', '.join(SHORT_METHODS)} (in full: {', '.join(METHODS)})"
        )
    return METHODS[full]


def scores(per_view: Mapping[View, Answers], how: Method) -> dict[str, float]:
    """One score per label, lower is better.

    With `combine="mean"` it is the weighted mean over views of the (mean-token) NLL. With "vote"
    every view votes for its own lowest label and the score is the share of views that did not
    vote for the label.

    Args:
        per_view: likelihoods, at least of the method's views, each with the same labels.
        how: the rule.

    Raises:
        ConfigError: if a view is missing, labels differ between views, or a number is not finite.
    """
    labels = _checked_labels(per_view, how)
    values = {
        view: {label: _value(per_view[view][label], how) for label in labels} for view in how.views
    }
    if how.combine == "vote":
        votes = [lowest(values[view]) for view in how.views]
        return {label: 1.0 - votes.count(label) / len(votes) for label in labels}
    weights = how.weights or dict.fromkeys(how.views, 1.0)
    total = math.fsum(weights.values())
    return {
        label: math.fsum(weights[v] * values[v][label] for v in how.views) / total
        for label in labels
    }


def lowest(scored: Mapping[str, float]) -> str:
    """The label with the lowest score; of equal ones the first.

    Labels are listed with "not complete" first, so a tie does not declare a subtask done.
    """
    return min(scored, key=lambda label: scored[label])


def _value(answer: AnswerNLL, how: Method) -> float:
    return answer.mean if how.normalize else answer.nll


def _checked_labels(per_view: Mapping[View, Answers], how: Method) -> tuple[str, ...]:
    missing = [view for view in how.views if view not in per_view]
    if missing:
        raise ConfigError(
            f"method {how.name!r} needs the views {', '.join(how.views)}; "
            f"missing: {', '.join(missing)}"
        )
    labels = tuple(per_view[how.views[0]])
    for view in how.views:
        if set(per_view[view]) != set(labels):
            raise ConfigError(f"labels differ between views: {list(labels)}, {view}: "
                              f"{list(per_view[view])}")  # fmt: skip
        for label, answer in per_view[view].items():
            if answer.tokens < 1 or not math.isfinite(answer.nll):
                raise ConfigError(f"{view}, {label!r}: no usable likelihood: {answer}")
    return labels
