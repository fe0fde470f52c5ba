"""RoboCasa's composite tasks as samples: real kitchens' first frames, real and retold instructions.

Kitchens of the pretrain split are learned from, those of the target split are kept for tests, with
the very episodes that `leapcasa plan eval` builds. Held-out tasks are rendered in the target split
alone and stand in no file for training.
"""

import functools
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ...agent import prompts
from ...configs import ConfigError, LeapcasaError
from ...envs import composites
from .. import plan_episodes
from ..plan_episodes import Episode, Place
from ..records import replace_file, write_json
from . import rows, said, splits
from .compose import Made, Pattern, compose
from .wording import Words, paraphrase

Names = Literal["said", "episode"]
Repeated = Literal["numbered", "same"]
TEST_SEED = 0
"""Of the episodes in target kitchens: those that `plan eval` measures."""


@dataclass(frozen=True, kw_only=True)
class DataRequest:
    """What to make."""

    out: Path
    episodes: int = 3
    """Kitchens per task to learn from, seeds 1, 2, ..."""
    paraphrases: int = 2
    """Retold instructions per episode."""
    composed: int = 20000
    """Samples of words alone, recombined from the training tasks."""
    most_steps: int = 8
    """Of a composed sample."""
    rich: bool = False
    """More kinds of made-up commands in composed samples."""
    made_up: float = 0.4
    """Share of composed samples that the grammar makes up; the others are real ones, retold."""
    template: str = "leap-1"
    names: Names = "said"
    """What steps call objects: as the instruction does, or as the episode does."""
    repeated: Repeated = "numbered"
    """Steps for several of a thing: `Pick the second egg ...`, or the same words again."""
    seed: int = 0
    """Of the split of tasks and of all drawing."""
    workers: int = 1

    def __post_init__(self) -> None:
        if min(self.episodes, self.workers, self.most_steps) < 1:
            raise ConfigError("episodes, workers and most_steps must be at least 1")
        if min(self.paraphrases, self.composed, self.seed) < 0:
            raise ConfigError("paraphrases, composed and seed must not be negative")
        if not 0 <= self.made_up <= 1:
            raise ConfigError(f"made_up is a share of 0 to 1; got {self.made_up!r}")
        if self.names not in ("said", "episode"):
            raise ConfigError(f"names are `said` or `episode`; got {self.names!r}")
        if self.repeated not in ("numbered", "same"):
            raise ConfigError(f"repeated is `numbered` or `same`; got {self.repeated!r}")


@dataclass(kw_only=True)
class DataResult:
    """What was made."""

    files: dict[str, int] = field(default_factory=dict)
    """File -> samples."""
    errors: dict[str, str] = field(default_factory=dict)
    """Task, split and seed -> why there is no episode."""


Report = Callable[[int, int, str], None]
"""Told episodes done, episodes wanted, and what was done last."""


def make(request: DataRequest, report: Report, root: Path | None = None) -> DataResult:
    """Write the files of a data set; what is there of its episodes is not built again.

    Args:
        request: what to make.
        report: told how far it is.
        root: where episodes are kept; None for the user's cache.

    Raises:
        ConfigError: for bad input.
        LeapcasaError: if no episode could be built, or files cannot be written.
    """
    template = prompts.load(request.template)
    parts = splits.tasks(request.seed)
    result = DataResult()
    learned = splits.names(["train", "val"], request.seed)
    wanted = [("pretrain", seed, learned) for seed in range(1, request.episodes + 1)]
    wanted.append(("target", TEST_SEED, splits.names(["train", "val", "held_out"], request.seed)))
    found = _episodes(wanted, request, result, report, root)
    if not found:
        raise LeapcasaError(f"no episode could be built; the first: {result.errors}")
    request.out.mkdir(parents=True, exist_ok=True)
    teller = _Teller(request, template)
    kitchens = {"train": "pretrain", "val": "pretrain", "kitchens": "target", "held_out": "target"}
    for name, split in kitchens.items():
        part = parts["train" if name == "kitchens" else name]  # type: ignore[index]
        chosen = [e for e in found if e.split == split and e.task in part]
        words: Words = "train" if split == "pretrain" else "held_out"
        many = [row for episode in chosen for row in teller.rows(episode, words)]
        result.files[f"{name}.jsonl"] = rows.write(request.out / f"{name}.jsonl", many)
        if split == "target":
            pairs = [pair for episode in chosen for pair in teller.pairs(episode)]
            result.files[f"{name}.pairs.jsonl"] = rows.write(
                request.out / f"{name}.pairs.jsonl", pairs
            )
    known = [e for e in found if e.split == "pretrain" and e.task in parts["train"]]
    text = [teller.composed(made) for made in _composed(known, request)]
    result.files["text.jsonl"] = rows.write(request.out / "text.jsonl", text)
    facts = {"template_sha256": template.digest, "assets": found[0].assets, "parts": parts}
    stated = {k: v for k, v in asdict(request).items() if k not in ("out", "workers")}
    write_json(request.out / "data.json", {**stated, **facts, "files": result.files})
    return result


def pattern(episode: Episode) -> Pattern:
    """What `compose` recombines of an episode."""
    composite = composites.steps(episode.task)
    told = said.names(composite, episode.names, episode.instruction)
    return Pattern(
        task=episode.task,
        instruction=" ".join(episode.instruction.split()),
        steps=composites.render(composite, told),
        names=tuple(sorted({told[slot] for slot in told if slot in composite.objects})),
    )


def _composed(episodes: Sequence[Episode], request: DataRequest) -> Iterator[Made]:
    patterns = {}
    for episode in episodes:
        one = pattern(episode)
        patterns.setdefault((one.task, one.instruction), one)
    yield from compose(
        list(patterns.values()),
        request.composed,
        request.seed + 1,
        made_up=request.made_up,
        most_steps=request.most_steps,
        rich=request.rich,
    )


def _episodes(
    wanted: Sequence[tuple[str, int, Sequence[str]]],
    request: DataRequest,
    result: DataResult,
    report: Report,
    root: Path | None,
) -> list[Episode]:
    found: list[Episode] = []
    total = sum(len(tasks) for _, _, tasks in wanted)
    behind = 0
    for split, seed, tasks in wanted:
        place = Place.of(split, seed, root)
        told = functools.partial(_told, report, behind, total, f"{split} seed {seed}")
        episodes, errors = plan_episodes.collect(place, tasks, workers=request.workers, report=told)
        found += episodes.values()
        result.errors |= {f"{task} {split} s{seed}": why for task, why in errors.items()}
        behind += len(tasks)
    return found


def _told(report: Report, behind: int, total: int, where: str, done: int, task: str) -> None:
    report(behind + done, total, f"{where}: {task}")


class _Teller:
    """Puts episodes into rows."""

    def __init__(self, request: DataRequest, template: prompts.Template) -> None:
        self._request, self._template = request, template

    def rows(self, episode: Episode, words: Words) -> Iterator[Mapping[str, Any]]:
        """An episode as it is and as it is told in other words."""
        image = self._image(episode)
        for retold, instruction in enumerate(self._instructions(episode, words)):
            yield rows.as_json(
                self._template.text(instruction),
                self._target(self._steps(episode, instruction)),
                [image],
                instruction=instruction,
                task=episode.task,
                source="robocasa",
                paraphrase=bool(retold),
                split=episode.split,
                seed=episode.seed,
                assets=episode.assets,
                **self._made_with(),
            )

    def pairs(self, episode: Episode) -> Iterator[Mapping[str, Any]]:
        """The retold instructions with their reference steps, for `plan eval --file`."""
        composite = composites.steps(episode.task)
        chosen = composites.positions(composite, episode.names)
        place = {old: new for new, old in enumerate(chosen)}
        bound = composite.precedences()
        after = [[place[i] for i in chosen if (i, j) in bound] for j in chosen]
        for number, instruction in enumerate(self._instructions(episode, "held_out")):
            if number:
                yield {
                    "id": f"{episode.task}-{number}",
                    "instruction": instruction,
                    "reference": list(said.steps(composite, episode.names, instruction)),
                    "after": after,
                    "right": self._image(episode),
                }

    def composed(self, made: Made) -> Mapping[str, Any]:
        """A sample of words alone."""
        history = [asdict(attempt) for attempt in made.history]
        return rows.as_json(
            self._template.text(made.instruction, made.history),
            self._target(made.steps),
            instruction=made.instruction,
            source="composed",
            tasks=made.source,
            **({"history": history} if history else {}),
            **self._made_with(),
        )

    def _made_with(self) -> dict[str, str]:
        return {"template": self._template.name, "template_sha256": self._template.digest}

    def _instructions(self, episode: Episode, words: Words) -> list[str]:
        own = " ".join(episode.instruction.split())
        key = json.dumps([self._request.seed, episode.task, episode.split, episode.seed])
        random = np.random.default_rng(list(key.encode()))
        retold = (paraphrase(own, random, words) for _ in range(10 * self._request.paraphrases))
        different = [text for text in dict.fromkeys(retold) if text != own]
        return [own, *different[: self._request.paraphrases]]

    def _steps(self, episode: Episode, instruction: str) -> tuple[str, ...]:
        composite = composites.steps(episode.task)
        if self._request.names == "episode":
            return composites.render(composite, episode.names)
        return said.steps(composite, episode.names, instruction)

    def _target(self, steps: Sequence[str]) -> str:
        numbered = self._request.repeated == "numbered"
        return said.numbered(said.distinct(steps) if numbered else steps)

    def _image(self, episode: Episode) -> str:
        """The right view's first frame beside the file; its name there."""
        name = f"images/{episode.split}_s{episode.seed}/{episode.task}.png"
        path = self._request.out / name
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            with episode.image("right").open("rb") as source:
                replace_file(path, lambda stream: shutil.copyfileobj(source, stream))
        return name
