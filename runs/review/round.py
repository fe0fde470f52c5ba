"""Asking judges: every sample in every round by every judge, each answer on disk at once."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ...configs import ConfigError, ModelError
from .. import journal
from ..journal import Journal
from ..judge_setup import content_hash
from . import question as questions
from .judges import ReviewJudge
from .plans import Sample
from .question import Question, Rubric, Scores, UnusableAnswer
from .statistics import Rating

FILE = "judgements.jsonl"
ATTEMPTS = 3
"""Answers asked for before a judgement is given up as unusable."""
FAILURES_IN_A_ROW = 5
"""A judge that gives no answer so often is gone."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """One judge on all plans of one sample, in one order."""

    key: str
    judge: str
    sample: str
    round: int
    order: tuple[str, ...]
    """The models, as their plans were shown; the judge never saw these names."""
    system: str
    prompt: str
    answers: tuple[str, ...]
    """All it said; the last one counts."""
    scores: tuple[Scores, ...] = ()
    """In that order; empty if no answer could be used."""
    trouble: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def ratings(self) -> list[Rating]:
        """One a model."""
        return [
            Rating(judge=self.judge, sample=self.sample, model=model, round=self.round,
                   position=position, scores=scores)
            for position, (model, scores) in enumerate(zip(self.order, self.scores, strict=False))
        ]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Task:
    """One judgement that is wanted."""

    judge: ReviewJudge
    sample: Sample
    round: int
    order: tuple[str, ...]
    question: Question
    key: str


def open_journal(folder: Path) -> Journal[Judgement]:
    """The judgements of one folder."""
    return Journal(folder / FILE, asdict, _read)


def _read(row: dict[str, Any]) -> Judgement:
    found = {f.name: row[f.name] for f in fields(Judgement)}
    for name in ("order", "answers", "scores"):
        found[name] = tuple(found[name])
    return Judgement(**found)


def order(models: Sequence[str], sample: str, turn: int, seed: int) -> tuple[str, ...]:
    """The order plans are shown in: drawn per sample, then turned by one place every round.

    After as many rounds as models each model was shown at each place once.
    """
    drawn = sorted(models)
    random.Random(f"{seed} {sample}").shuffle(drawn)
    shift = turn % len(drawn)
    return tuple(drawn[shift:] + drawn[:shift])


def tasks(
    samples: Sequence[Sample],
    plans: Mapping[str, Mapping[str, str]],
    judges: Sequence[ReviewJudge],
    rubric: Rubric,
    *,
    rounds: int,
    seed: int,
    show_image: bool,
) -> Iterator[Task]:
    """All judgements, round by round, so that early figures cover every sample.

    Args:
        samples: those with a plan of every model.
        plans: by model and sample.
        judges: who.
        rubric: in which words.
        rounds: how often each sample is judged by each judge.
        seed: of the orders.
        show_image: whether judges see the first picture.
    """
    told = {judge.label: judge.identity for judge in judges}
    for turn in range(rounds):
        for sample in samples:
            shown = order(list(plans), sample.id, turn, seed)
            texts = [plans[model][sample.id] for model in shown]
            question = questions.question(rubric, sample.task, sample.reference, texts)
            image = sample.image if show_image else None
            picture = content_hash(image) if image else ""
            for judge in judges:
                key = journal.key(
                    told[judge.label], question.system, question.text, picture, shown, turn
                )
                yield Task(judge=judge, sample=sample, round=turn, order=shown,
                           question=question, key=key)  # fmt: skip


def judge_all(
    wanted: Sequence[Task],
    kept: Journal[Judgement],
    *,
    show_image: bool,
    concurrency: int,
    report: Callable[[int, str], None],
) -> list[Judgement]:
    """All judgements; those in the journal are not asked for again.

    Raises:
        ConfigError: if a judge refuses what it is asked.
        ModelError: if judges give no answer again and again; what is there stays.
    """
    found = {
        task.key: known
        for task in wanted
        if (known := kept.get(task.key)) is not None and known.scores
    }
    waiting = iter([task for task in wanted if task.key not in found])
    failures = 0
    with ThreadPoolExecutor(concurrency, thread_name_prefix="leapcasa-review") as pool:
        running: set[Future[Judgement]] = set()
        try:
            while True:
                while len(running) < concurrency and (task := next(waiting, None)) is not None:
                    running.add(pool.submit(_judged, task, show_image))
                if not running:
                    break
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    made = future.result()
                    kept.add([made])
                    found[made.key] = made
                    silent = not made.answers
                    failures = failures + 1 if silent else 0
                    if failures >= FAILURES_IN_A_ROW:
                        raise ModelError(f"{made.trouble}; the same command goes on")
                    report(len(found), f"{made.judge}: {made.sample}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [found[task.key] for task in wanted]


def _judged(task: Task, show_image: bool) -> Judgement:
    answers: list[str] = []
    spent = [0, 0]
    scores: tuple[Scores, ...] = ()
    trouble = ""
    image = task.sample.image if show_image else None
    for attempt in range(ATTEMPTS):
        try:
            reply = task.judge.ask(task.question, image, attempt)
        except ConfigError:
            raise
        except ModelError as error:
            trouble = str(error)
            break
        answers.append(reply.text)
        spent[0] += reply.prompt_tokens
        spent[1] += reply.completion_tokens
        try:
            scores, trouble = tuple(questions.scores(reply.text, task.question.letters)), ""
            break
        except UnusableAnswer as error:
            trouble = str(error)
    return Judgement(
        key=task.key,
        judge=task.judge.label,
        sample=task.sample.id,
        round=task.round,
        order=task.order,
        system=task.question.system,
        prompt=task.question.text,
        answers=tuple(answers),
        scores=scores,
        trouble=trouble,
        prompt_tokens=spent[0],
        completion_tokens=spent[1],
    )
