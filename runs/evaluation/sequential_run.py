"""`--stop-when` beside a running evaluation: decides on results in a fixed order, and remembers.

Workers finish in any order, and episodes that end early are often the successful ones. So a task is
decided on the episodes of its fixed order that are finished without a gap, as one worker would have
met them; what others have finished beyond stays in the store and out of the numbers. The decision
does not depend on how many workers there are.

Order and decisions lie in `DIR/sequential.json`, the rule also in the store. It is given when the
evaluation begins and stays: one that is chosen after looking at results would be worth nothing.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...configs import ConfigError
from ..judge_statistics import CONFIDENCE
from ..records import write_json
from .episode import Episode, Key
from .sequential import Decision, decide, parsed, sequence
from .store import Store

FILE = "sequential.json"
FORMAT = 1
RULE = "stop_when"
"""What the rule is called in the store."""


@dataclass(frozen=True, kw_only=True)
class _Task:
    """One task's course."""

    order: tuple[Key, ...]
    decision: Decision | None = None

    @property
    def last(self) -> int:
        """How many episodes of the order may count."""
        return self.decision.place if self.decision else len(self.order)


class Sequential:
    """The rule of one evaluation, and what it has decided.

    Args:
        folder: of the evaluation.
        text: the rule as written.
        tasks: order and decision by task.
    """

    def __init__(self, folder: Path, text: str, tasks: Mapping[str, _Task]) -> None:
        self.text, self._path = text, folder / FILE
        self._rule = parsed(text)
        self._tasks = dict(tasks)
        self._ended: dict[Key, Episode] = {}
        self._tell: Callable[[str, str], None] = lambda task, words: None

    def listen(self, tell: Callable[[str, str], None]) -> None:
        """Give somebody each decision from now on: the task, and the decision in words."""
        self._tell = tell

    def begin(self, wanted: Sequence[Key], rows: Sequence[Episode], todo: Sequence[Key]) -> None:
        """Take in what there is, before anything is run.

        Args:
            wanted: all episodes asked for; new ones go to the end of their task's order.
            rows: all recorded.
            todo: those that will be run, some of `rows` again.

        Raises:
            RecordError: if it cannot be written down.
        """
        again = set(todo)
        self._ended = {row.key: row for row in rows if row.key not in again}
        for key in sorted(wanted, key=lambda key: (key.seed, key.task)):
            task = self._tasks.get(key.task, _Task(order=()))
            if key not in task.order:
                self._tasks[key.task] = _Task(order=(*task.order, key), decision=task.decision)
        for name in self._tasks:
            self._decide(name)
        self._write()

    def needed(self, keys: Sequence[Key]) -> list[Key]:
        """Those of some episodes that belong to tasks without a decision."""
        return [key for key in keys if not self.decided(key)]

    def take(self, row: Episode, *, again: bool) -> Collection[Key]:
        """Take a recorded row in; the episodes that are not needed from now on.

        Raises:
            RecordError: if a decision cannot be written down.
        """
        if not again:
            self._ended[row.key] = row
            if self._decide(row.task):
                self._write()
                self._tell(row.task, _words(_shown(row.task, self._tasks[row.task]), self.text))
        return self._tasks[row.task].order if self.decided(row.key) else ()

    def counted(self, rows: Sequence[Episode]) -> list[Episode]:
        """The rows that may be reported: each task's order up to its decision, without a gap."""
        by_key = {row.key: row for row in rows}
        found: list[Episode] = []
        for task in self._tasks.values():
            for key in task.order[: task.last]:
                if key not in by_key:
                    break
                found.append(by_key[key])
        return sorted(found, key=lambda row: row.key)

    def unneeded(self, rows: Sequence[Episode]) -> set[Key]:
        """Episodes asked for that will not be run, for their task is decided."""
        recorded = {row.key for row in rows}
        return {
            key
            for task in self._tasks.values()
            if task.decision
            for key in task.order
            if key not in recorded
        }

    def told(self, rows: Sequence[Episode]) -> dict[str, Any]:
        """Rule and decisions as plain values, for `summary.json`."""
        counted = {row.key for row in self.counted(rows)}
        return {
            "rule": self.text,
            "confidence": CONFIDENCE,
            "interval": "confidence sequence (Robbins 1970), valid at every stop",
            "tasks": [_shown(name, task) for name, task in sorted(self._tasks.items())],
            "recorded_not_counted": sum(row.key not in counted for row in rows),
            "not_needed": len(self.unneeded(rows)),
        }

    def decided(self, key: Key) -> bool:
        """Whether nothing more is to be learnt from an episode's task."""
        task = self._tasks.get(key.task)
        return task is not None and task.decision is not None

    def _decide(self, name: str) -> bool:
        """Look at a task; True if it has just been decided."""
        task = self._tasks[name]
        if task.decision is not None:
            return False
        outcomes: list[bool | None] = []
        for key in task.order:
            row = self._ended.get(key)
            if row is None:
                break
            outcomes.append(row.success if row.status == "scored" else None)
        decision = decide(self._rule, outcomes)
        self._tasks[name] = _Task(order=task.order, decision=decision)
        return decision is not None

    def _write(self) -> None:
        tasks = {
            name: {
                "order": [[key.split, key.seed] for key in task.order],
                "decision": asdict(task.decision) if task.decision else None,
            }
            for name, task in self._tasks.items()
        }
        write_json(self._path, {"format": FORMAT, "rule": self.text, "tasks": tasks})


def opened(store: Store, text: str | None, *, fresh: bool) -> Sequential | None:
    """The rule of an evaluation; None if it has none.

    Args:
        store: of the evaluation, begun with what it was asked for then.
        text: the rule asked for now; None for the one it began with.
        fresh: whether the evaluation begins with this call.

    Raises:
        ConfigError: for another rule than it began with.
    """
    began = store.about(RULE) if store.knows(RULE) else None
    if text is not None and began is None and not fresh:
        raise ConfigError(
            f"--stop-when {text}: the evaluation in {store.folder} began without a rule to stop "
            "by, and one that is chosen after results were seen is worth nothing; begin another "
            "one with --out DIR"
        )
    if text is not None and began is not None and parsed(text) != parsed(began):
        raise ConfigError(
            f"--stop-when {text}: the evaluation in {store.folder} began with {began}, and its "
            "numbers hold for that rule only; leave --stop-when out, or name another folder"
        )
    if began is None:
        return None
    return read(store.folder) or Sequential(store.folder, began, {})


def read(folder: Path) -> Sequential | None:
    """The rule and decisions of an evaluation; None if it has none.

    Raises:
        ConfigError: if the file is broken.
    """
    path = folder / FILE
    try:
        data = json.loads(path.read_text())
        tasks = {
            str(name): _Task(
                order=tuple(Key(task=name, split=s, seed=n) for s, n in task["order"]),
                decision=Decision(**task["decision"]) if task["decision"] else None,
            )
            for name, task in data["tasks"].items()
        }
        return Sequential(folder, data["rule"], tasks)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None


def lines(told: Mapping[str, Any] | None) -> list[str]:
    """What the rule has decided, for people.

    Args:
        told: of `Sequential.told`; None if there is no rule.
    """
    if told is None:
        return []
    made = [_words(task, told["rule"]) for task in told["tasks"]]
    beyond = told["recorded_not_counted"]
    more = f"; {beyond} recorded beyond are not counted" if beyond else ""
    return [*made, f"{told['not_needed']} episodes were not needed{more}"]


def _words(task: Mapping[str, Any], rule: str) -> str:
    if task["verdict"] == "undecided":
        return f"{task['task']}: undecided ({rule})"
    verdict = {
        "narrow": "the interval is narrow enough",
        "above": "the rate is above",
        "below": "the rate is below",
    }[task["verdict"]]
    return f"{task['task']}: stopped after {task['n']} episodes, {verdict} ({rule})"


def _shown(name: str, task: _Task) -> dict[str, Any]:
    found = task.decision
    if found is None:
        return {"task": name, "verdict": "undecided"}
    now = sequence(found.successes, found.n)
    return {
        "task": name,
        "verdict": found.verdict,
        "n": found.n,
        "successes": found.successes,
        "low": now.low,
        "high": now.high,
    }
