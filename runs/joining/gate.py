"""The gate of a joined network: which member a subtask in words is for, learned from wordings."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import log_softmax
from torch import Tensor, nn

from ...configs import ConfigError
from ...envs.phrases import phrases
from ...envs.skills import Level, Side, Skill, skill_of
from ...policies.experts.recipes import RECIPES
from ...sight.members import answers, new_gate, told
from ...sight.words import BUCKETS, buckets
from ..policy.wordings import wordings

DECAY = 1e-7
"""Of the squares of votes: enough that words no text speaks for have none, and little beside the
weight of one text among the thousands of a member."""
PHRASES_COUNT = 4
"""So many wordings are worth one of the few sentences that clips ask with: the more skills there
are, the less each of thousands of texts weighs."""


@dataclass(frozen=True, kw_only=True)
class Lessons:
    """N texts and who is to be asked."""

    texts: Sequence[str]
    members: Sequence[int]

    @property
    def truth(self) -> Tensor:
        """(N,) int64."""
        return torch.tensor(self.members)


def asked_for(texts: Sequence[str]) -> dict[str, Skill]:
    """The skills that subtasks in words ask for, by `Skill.key`.

    What one leaves unnamed is meant as the others have it: "pull out the top rack" beside "open
    the dishwasher".

    Raises:
        ConfigError: if one is not understood.
    """
    return {skill.key: skill.plain for skill in understood(texts).values()}


def understood(texts: Sequence[str]) -> dict[str, Skill]:
    """The same by text.

    Raises:
        ConfigError: if one is not understood.
    """
    found = {}
    for text in texts:
        skill = skill_of(text, text) or skill_of(text, "; ".join(texts))
        if skill is None:
            raise ConfigError(
                f"{text!r} is not understood as a subtask; say it as a planner would, for instance "
                "'rotate the pan' (the words are in envs/skills.py)"
            )
        found[text] = skill
    return found


def lessons(claims: Sequence[Sequence[str]], *, held_out: bool) -> Lessons:
    """Wordings of every skill that has any, and the sentences that clips ask about it with.

    Args:
        claims: subtasks that each member is for; what nobody claims is the first's.
        held_out: wordings that are kept for measuring instead.
    """
    owners = {name: number for number, texts in enumerate(claims) for name in asked_for(texts)}
    own = {text: number for number, texts in enumerate(claims) for text in texts}
    rows = [
        (text, owners.get(skill.key, 0))
        for skill in _every_skill(claims)
        for text in (
            *wordings(skill, held_out=held_out),
            *(() if held_out else phrases(skill) * PHRASES_COUNT),
        )
        if text not in own
    ]
    if not held_out:
        rows += own.items()
    return Lessons(texts=[text for text, _ in rows], members=[number for _, number in rows])


def _every_skill(claims: Sequence[Sequence[str]]) -> Sequence[Skill]:
    """All that experts do, and all that is claimed, each once."""
    every: dict[str, Skill] = {}
    for verb, target in RECIPES:
        sides = get_args(Side) if verb == "turn" else (None,)
        levels = get_args(Level) if target.endswith("rack") else (None,)
        for side, level in itertools.product(sides, levels):
            skill = Skill(verb=verb, target=target, side=side, level=level)  # type: ignore[arg-type]
            every[skill.key] = skill
    for texts in claims:
        every |= asked_for(texts)
    return list(every.values())


def learn(shown: Lessons, count: int) -> nn.EmbeddingBag:
    """Logistic regression on the words; the members count alike, however many texts each has."""
    shares, truth = _shares(shown.texts), np.array(shown.members)
    weight = 1 / np.bincount(truth, minlength=count).clip(min=1)[truth]
    weight, right = (weight / weight.sum())[:, None], np.eye(count)[truth]

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        votes = flat.reshape(-1, count)
        log = log_softmax(shares @ votes, 1)
        slope = shares.T @ (weight * (np.exp(log) - right)) + DECAY * votes
        return -(weight * right * log).sum() + DECAY / 2 * (flat**2).sum(), slope.ravel()

    found = minimize(loss, np.zeros(BUCKETS * count), jac=True, method="L-BFGS-B")
    gate = new_gate(count)
    with torch.no_grad():
        gate.weight.copy_(torch.from_numpy(found.x.reshape(-1, count)))
    return gate.requires_grad_(False)


def _shares(texts: Sequence[str]) -> sparse.csr_matrix:
    """(N, BUCKETS) how much of each text each bucket is, as the gate's mean takes it."""
    rows = [words[words > 0] for words in map(buckets, texts)]
    sizes = [len(words) for words in rows]
    each = np.repeat(1 / np.maximum(sizes, 1), sizes)
    at = (np.repeat(np.arange(len(rows)), sizes), np.concatenate(rows))
    return sparse.csr_matrix((each, at), shape=(len(rows), BUCKETS))


def rightness(gate: nn.EmbeddingBag, asked: Lessons, count: int) -> Mapping[int, float | None]:
    """The share of texts that find each member; None where it has none."""
    said = answers(gate, told(asked.texts))
    right = (said == asked.truth).float()
    return {
        number: float(right[asked.truth == number].mean()) if number in asked.members else None
        for number in range(count)
    }
