"""What a planner asks a language model: templates in files, known by name and content.

A template is a pair of files, `NAME.plan.txt` for the first plan and `NAME.replan.txt` for another
one after something failed. `{task}` stands for the instruction; `{done}` and `{failed}`, in the
second, for the steps behind; `{draft}`, where a template has it, for the steps that the rules of
`split` cut the instruction into, for a model that corrects a draft. A user's own pair lies in a
folder of theirs: `template: /path/to/NAME`. A file is never changed once results were made with it;
a new wording gets a new name, and the record keeps the hash.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...configs import ConfigError, nearest
from ..base import Attempt
from ..split import clauses

_HERE = Path(__file__).parent
MAX_BEHIND = 20
"""Steps behind that are told to the model, the newest ones."""

_PLACEHOLDER = re.compile(r"\{(task|draft|done|failed)\}")


@dataclass(frozen=True, kw_only=True)
class Template:
    """The words around a task."""

    name: str
    plan: str
    replan: str

    @property
    def digest(self) -> str:
        """First 12 hex digits of the SHA-256 of both texts."""
        return hashlib.sha256(f"{self.plan}\0{self.replan}".encode()).hexdigest()[:12]

    def text(self, task: str, history: Sequence[Attempt] = ()) -> str:
        """What the model is told.

        Args:
            task: the instruction.
            history: what became of earlier steps; empty for the first plan.
        """
        told = {
            "task": _inline(task),
            "draft": " ".join(f"{n}) {_inline(c)}" for n, c in enumerate(clauses(task), 1)),
            "done": _listed(history, "done"),
            "failed": _listed(history, "failed"),
        }
        # In one pass: what is put in is never taken for a placeholder.
        own = self.replan if history else self.plan
        return _PLACEHOLDER.sub(lambda found: told[found[1]], own)


def load(name: str) -> Template:
    """A template that ships, by name, or a user's pair of files, by path without the endings.

    Raises:
        ConfigError: if a file is missing or a placeholder is not there exactly once.
    """
    base = Path(name).expanduser()
    if len(base.parts) == 1:
        known = sorted(p.name.removesuffix(".plan.txt") for p in _HERE.glob("*.plan.txt"))
        if name not in known:
            raise ConfigError(
                f"unknown template {name!r}{nearest(name, known)}; there are {', '.join(known)}, "
                "or name your own pair of files as /path/to/NAME"
            )
        base = _HERE / name
    plan, replan = (_read(base, kind) for kind in ("plan", "replan"))
    for text, kind, wanted in (
        (plan, "plan", ("{task}",)),
        (replan, "replan", ("{task}", "{done}", "{failed}")),
    ):
        wrong = [mark for mark in wanted if text.count(mark) != 1]
        if wrong:
            raise ConfigError(f"{base}.{kind}.txt must hold {' and '.join(wrong)} once")
    return Template(name=base.name, plan=plan, replan=replan)


def _read(base: Path, kind: str) -> str:
    path = base.with_name(f"{base.name}.{kind}.txt")
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"template {path} cannot be read: {error}") from error


def _inline(text: str) -> str:
    """One line without a full stop at its end; the template has its own."""
    return " ".join(text.split()).rstrip(" .")


def _listed(history: Sequence[Attempt], outcome: str) -> str:
    steps = [_inline(a.text) for a in history if a.outcome == outcome][-MAX_BEHIND:]
    return "; ".join(steps) or "nothing"
