"""Samples of what the policy that ships is asked for, in the words of people.

A plan is of use only if each of its steps is in words that the policy and the judge were trained
with. So the answers are what the members of the policy are claimed for; the instructions ask for
one to three of these skills in many other words. A share of all words is kept for tests.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...agent import prompts, split
from ...configs import ConfigError
from ...envs.skills import Skill, skill_of
from ...policies.embedded import checkpoint
from ...sight import folder as folders
from ..joining.command import CLAIMS
from ..policy.wordings import named, wordings
from ..records import write_json
from . import rows, said
from .skill_words import BEFORE, BEHIND, FRAMES, FULLY, LINKS, SAID, TOGETHER, TURNED
from .wording import Words, sentences

ASKED: tuple[str, ...] = (
    "Close the electric kettle lid and turn on the electric kettle.",
    "Open the dishwasher door and pull out the top rack.",
    "Turn on the sink and manuever the spout to wash all locations of the sink basin.",
    "Wait until the marinara sauce is simmered to a deep red color and then turn off the stove.",
    "Take the blender jug and place it in the sink to prepare it for cleaning.",
)
"""RoboCasa's instructions for what two skills make."""
PAIRS, ALONE, OWN = 0.45, 0.35, 0.12
"""Shares of samples: two skills that make a task, one skill, RoboCasa's own words; the others ask
for two or three skills that have nothing to do with each other."""
FRAMED, AROUND, TOLD = 0.4, 0.15, 0.35
"""Chances of a frame, of words before or behind, and of a skill asked for in no command."""
TRIES = 40


@dataclass(frozen=True, kw_only=True)
class SkillRequest:
    """What to make."""

    out: Path
    policy: Path
    """Whose claims the answers are."""
    count: int = 12000
    """Samples to train on."""
    pairs: int = 300
    """Samples kept for tests."""
    pictures: Path | None = None
    """A folder of `plan data robocasa`: every other sample to train on shows a kitchen of it."""
    template: str = "leap-1"
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.count, self.pairs) < 1:
            raise ConfigError("samples to train on and to test with must be at least 1")
        if self.seed < 0:
            raise ConfigError("the seed must not be negative")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An instruction, and what is to be done."""

    instruction: str
    steps: tuple[str, ...]


def make(request: SkillRequest) -> dict[str, int]:
    """Write the files of a data set.

    Returns:
        File -> samples.

    Raises:
        ConfigError: for bad input.
        RecordError: if they cannot be written.
    """
    template = prompts.load(request.template)
    steps = known(request.policy)
    shown = _pictures(request)
    rng = np.random.default_rng(request.seed)
    request.out.mkdir(parents=True, exist_ok=True)
    learned = _different(Asker(steps, "train", rng), request.count)
    seen = {one.instruction for one in learned}
    kept = _different(Asker(steps, "held_out", rng), request.pairs, seen)
    facts = {"template": template.name, "template_sha256": template.digest, "source": "skills"}
    made = [
        rows.as_json(
            template.text(one.instruction), said.numbered(one.steps),
            [shown[int(rng.integers(len(shown)))]] if shown and n % 2 else [],
            instruction=one.instruction, **facts,
        )
        for n, one in enumerate(learned)
    ]  # fmt: skip
    files = {
        "skills.jsonl": rows.write(request.out / "skills.jsonl", made),
        "skills.pairs.jsonl": rows.write(request.out / "skills.pairs.jsonl", _as_pairs(kept)),
    }
    stated = {"seed": request.seed, "policy": checkpoint.digest(request.policy), **facts}
    write_json(request.out / "skills.json", {**stated, "steps": steps, "files": files})
    return files


def known(policy: Path) -> dict[str, str]:
    """Skill by key -> the step that asks for it, of all that a joined policy claims.

    Of several claims the shortest counts, which says nothing of sauces of one kind or of what it is
    for. One burner that is claimed by its place stands for all of them.

    Raises:
        ConfigError: if it is no joined policy, or claims nothing that can be said in other words.
    """
    found: dict[str, str] = {}
    for part in folders.parts(policy, checkpoint.KIND):
        for text in part.get(CLAIMS, ()):
            skill = skill_of(text, text)
            if skill is None:
                continue
            if not wordings(replace(skill, fully=False)):
                continue  # nobody would know how else to ask for it
            for one, words in _every(skill, text):
                step = words[:1].upper() + words[1:].rstrip(".")
                found[one.key] = min(found.get(one.key, step), step, key=len)
    if not found:
        raise ConfigError(
            f"{policy} says of no subtask that it is for it, or of none that can be said in other "
            "words; give a joined policy"
        )
    return found


def _every(skill: Skill, text: str) -> Iterator[tuple[Skill, str]]:
    """The skill; of a burner named by its place, that of every place."""
    if skill.row is None or skill.side is None:
        yield skill, text
        return
    for row in ("front", "rear"):
        for side in ("left", "center", "right"):
            words = text.replace(f"{skill.row} {skill.side}", f"{row} {side}")
            one = skill_of(words, words)
            if one is not None:
                yield one, words


class Asker:
    """Draws instructions.

    Args:
        steps: of `known`.
        words: which ones.
        rng: decides.
    """

    def __init__(self, steps: Mapping[str, str], words: Words, rng: np.random.Generator) -> None:
        self._steps, self._rng = steps, rng
        self._words: Words = words
        every = [skill_of(text, text) for text in steps.values()]
        self._skills = [skill.plain for skill in every if skill is not None]
        self._kinds = sorted({skill.kind for skill in self._skills})
        self._pairs = [kinds for kinds in TOGETHER if set(kinds) <= set(self._kinds)]

    def one(self) -> Asked:
        """One instruction and its steps."""
        drawn = self._rng.random()
        if drawn < OWN and self._words == "train":
            return self._own()
        if drawn < OWN + PAIRS and self._pairs:
            skills, text = self._pair()
        elif drawn < OWN + PAIRS + ALONE:
            skills = [self._skill()]
            text = self._single(skills[0])
        else:
            count = int(self._rng.integers(2, 4))  # a step said twice is no plan
            kinds = self._rng.choice(self._kinds, min(count, len(self._kinds)), replace=False)
            skills = [self._skill(kind) for kind in kinds]
            text = self._row(skills)
        texts = tuple(self._steps[skill.key] for skill in skills)
        return Asked(instruction=self._around(text), steps=texts)

    def _own(self) -> Asked:
        """In RoboCasa's words, whose steps are the rules'."""
        texts = [*ASKED, *(f"{text}." for text in self._steps.values())]
        text = self._any(texts)
        return Asked(instruction=text, steps=tuple(split.clauses(text)))

    def _skill(self, kind: str = "") -> Skill:
        kind = kind or self._any(self._kinds)
        return self._any([skill for skill in self._skills if skill.kind == kind])

    def _plain(self, kind: str) -> Skill:
        """The skill of a kind that says least of which of several is meant."""
        every = [skill for skill in self._skills if skill.kind == kind]
        return min(every, key=lambda skill: len(skill.name))

    def _pair(self) -> tuple[list[Skill], str]:
        kinds = self._any(self._pairs)
        first, second = (self._plain(kind) for kind in kinds)
        drawn = self._rng.random()
        if drawn < 0.5:
            both = self._any(TOGETHER[kinds][self._words])
            return [first, second], self._framed(both.format(self._command(first)))
        if drawn < 0.7:
            turned = self._any(TURNED[self._words])
            text = turned.format(a=self._command(first), b=self._command(second))
            return [first, second], text
        return [first, second], self._row([first, second])

    def _row(self, skills: Sequence[Skill]) -> str:
        """One after the other."""
        text = self._single(skills[0])
        for skill in skills[1:]:
            link = self._any(LINKS[self._words])
            text = text.rstrip("?") + link.format(self._clause(skill))
        return text

    def _single(self, skill: Skill) -> str:
        clause = self._clause(skill)
        return self._framed(clause) if clause.split()[0] in _VERBS else clause

    def _framed(self, text: str) -> str:
        if self._rng.random() >= FRAMED or text.split()[0] not in _VERBS:
            return text
        return self._any(FRAMES[self._words]).format(text)

    def _clause(self, skill: Skill) -> str:
        others = SAID.get(skill.verb, {}).get(self._words, ())
        if others and self._rng.random() < TOLD:
            half = replace(skill, fully=False)
            return self._any(others).format(self._any(named(half))) + self._how_far(skill)
        return self._command(skill)

    def _command(self, skill: Skill) -> str:
        """A command, without the "please" before it; some skills have few, and none for tests."""
        half = replace(skill, fully=False)
        every = wordings(half, held_out=self._words == "held_out") or wordings(half)
        text = self._any(every) + self._how_far(skill)
        return text.removeprefix("please ").removeprefix("now ").removeprefix("then ")

    def _how_far(self, skill: Skill) -> str:
        """What comes behind words for half of the way, where all of it is meant."""
        return f" {self._any(FULLY[self._words])}" if skill.fully else ""

    def _around(self, text: str) -> str:
        before = self._any(BEFORE[self._words]) if self._rng.random() < AROUND else ""
        behind = self._any(BEHIND[self._words]) if self._rng.random() < AROUND else ""
        if text.endswith("?"):
            return sentences(before + text)
        return sentences(before + text + behind + ("" if self._rng.random() < 0.2 else "."))

    def _any(self, several: Sequence[Any]) -> Any:
        return several[int(self._rng.integers(len(several)))]


_VERBS = split.VERBS | {"shut", "activate", "power", "extend", "spin", "swivel", "point", "travel",
                        "walk", "let", "leave", "boil", "bring", "carry", "run"}  # fmt: skip


def _different(asker: Asker, count: int, seen: set[str] | None = None) -> list[Asked]:
    """So many of different instructions, or fewer if there are no more."""
    found: dict[str, Asked] = {}
    for _ in range(TRIES * count):
        one = asker.one()
        if one.instruction not in (seen or ()):
            found.setdefault(one.instruction, one)
        if len(found) == count:
            break
    return list(found.values())


def _as_pairs(asked: Sequence[Asked]) -> list[Mapping[str, Any]]:
    return [
        {"id": f"skills-{n}", "instruction": one.instruction, "reference": list(one.steps)}
        for n, one in enumerate(asked)
    ]


def _pictures(request: SkillRequest) -> list[str]:
    """First frames of pretrain kitchens, by absolute name.

    Raises:
        ConfigError: if there are none where they are looked for.
    """
    if request.pictures is None:
        return []
    folder = request.pictures.expanduser().absolute()
    found = sorted(str(path) for path in folder.glob("images/pretrain_*/*.png"))
    if not found:
        raise ConfigError(f"{folder} has no pictures of pretrain kitchens; give a folder of "
                          "`leapcasa plan data robocasa`")  # fmt: skip
    return found
