"""Reading a plan out of what a language model wrote; nothing of it is trusted.

Understood are numbered lists in the usual styles (`1) 2)`, `1. 2.`, `1:`, `(1)`, `Step 1:`, one a
line or all in one), bullets, and a JSON list of strings, alone or under "steps". Everything else
in the answer is prose and is left out. Each thing that is left out or refused leaves a reason.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_ANSWER = 10_000
"""Characters of an answer that are read."""
MAX_REPEATS = 3
"""Occurrences of one step; more of them is a loop."""

_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[a-zA-Z]*\n?")
_MARK = re.compile(
    r"(?P<start>^[ \t>*_#-]*|(?<=[\s.;,!?]))"
    r"(?:\(?(?P<a>\d{1,3})[).:](?=\s|\D)|(?:step|schritt|étape|paso|第)\s*(?P<b>\d{1,3})\s*[步:.)-]*)"
    r"[ \t*_]*",
    re.MULTILINE | re.IGNORECASE,
)
_BULLET = re.compile(r"^[ \t]*(?:[-*\u2022\u2013\u2014]|\[ ?\])[ \t]+(?=\S)", re.MULTILINE)
_DECORATION = re.compile(r"[*_`#]+")
_HOSTILE = (
    (re.compile(r"<\|"), "control tokens"),
    (re.compile(r"\b\w+://"), "an address"),
    (re.compile(r"[{}<>\\]|\$\("), "code"),
    (
        re.compile(
            r"\b(?:ignore|disregard|forget)\b.{0,40}\b(?:instruction|prompt|rule|above|previous)",
            re.IGNORECASE,
        ),
        "an order to the model",
    ),
    (re.compile(r"\b(?:system prompt|as an ai|language model)\b", re.IGNORECASE), "talk of itself"),
)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What could be read."""

    steps: tuple[str, ...]
    """In the model's words, without numbers and decoration."""
    reasons: tuple[str, ...]
    """Why something was left out, a line each."""
    refused: str = ""
    """Why the answer as a whole cannot be used; empty if it can."""


def read(text: str, *, cut: bool = False) -> Answer:
    """Find the steps of a plan.

    Args:
        text: the model's answer.
        cut: True if the answer ended because it got too long; its last step is half a step.
    """
    reasons: list[str] = []
    if len(text) > MAX_ANSWER:
        reasons.append(f"an answer of {len(text)} characters, {MAX_ANSWER} of them read")
        text, cut = text[:MAX_ANSWER], True
    body = _FENCE.sub("", _THOUGHT.sub("", text)).strip()
    if not body:
        return Answer(steps=(), reasons=tuple(reasons), refused="an empty answer")
    found = _json(body)
    if found is None:
        found = _numbered(body, reasons) or _bulleted(body, reasons)
        if cut and found:
            reasons.append(f"the last step, cut off: {_short(found.pop())}")
            if not found:
                return Answer(steps=(), reasons=tuple(reasons), refused="its only step is cut off")
    if not found:
        return Answer(
            steps=(), reasons=tuple(reasons), refused=f"no numbered steps in {_short(body)}"
        )
    steps = _sound(found, reasons)
    refused = ""
    if not steps:
        refused = "no usable step"
    elif len(steps) * 2 < len(found):
        refused = f"{len(found) - len(steps)} of {len(found)} steps are unusable"
    return Answer(steps=tuple(steps), reasons=tuple(reasons), refused=refused)


def _json(body: str) -> list[str] | None:
    """The strings of a JSON list, or of the list under "steps"; None if it is no such thing."""
    if body[0] not in "[{":
        return None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict):
        value = value.get("steps")
    if not isinstance(value, list) or not all(isinstance(step, str) for step in value):
        return None
    return [" ".join(step.split()) for step in value]


def _numbered(body: str, reasons: list[str]) -> list[str]:
    """Steps behind the numbers 1, 2, 3, ... in this order; other numbers belong to the text."""
    marks: list[re.Match[str]] = []
    for mark in _MARK.finditer(body):
        number = int(mark["a"] or mark["b"])
        inside = mark["start"] == "" and mark.start() > 0 and body[mark.start() - 1] not in "\n"
        if number == len(marks) + 1 and not (inside and not marks):
            marks.append(mark)
    if not marks:
        return []
    before = body[: marks[0].start()].strip()
    if before:
        reasons.append(f"words before the first step: {_short(before)}")
    ends = [*(mark.start() for mark in marks[1:]), len(body)]
    steps = [body[mark.end() : end] for mark, end in zip(marks, ends, strict=True)]
    return [_first_paragraph(step, reasons) for step in steps]


def _bulleted(body: str, reasons: list[str]) -> list[str]:
    marks = list(_BULLET.finditer(body))
    if not marks:
        return []
    ends = [*(mark.start() for mark in marks[1:]), len(body)]
    steps = [body[mark.end() : end] for mark, end in zip(marks, ends, strict=True)]
    return [_first_paragraph(step, reasons) for step in steps]


def _first_paragraph(step: str, reasons: list[str]) -> str:
    """The step itself; what comes after an empty line is the model talking on."""
    head, _, rest = step.strip().partition("\n\n")
    if rest.strip():
        reasons.append(f"words after a step: {_short(rest)}")
    return " ".join(_DECORATION.sub("", head).split())


def _sound(found: Sequence[str], reasons: list[str]) -> list[str]:
    """Steps that are neither hostile, nor loops, nor in letters the policy does not know."""
    kept: list[str] = []
    for step in found:
        why = _fault(step, kept)
        if why:
            reasons.append(f"{why}: {_short(step)}")
        else:
            kept.append(step)
    return kept


def _fault(step: str, kept: Sequence[str]) -> str:
    letters = [c for c in step if c.isalpha()]
    if not letters:
        return "a step without words"
    if sum(c.isascii() for c in letters) < 0.7 * len(letters):
        return "a step in letters other than English ones"
    if not step.isprintable() or "\ufffd" in step:
        return "a step with broken characters"
    for pattern, what in _HOSTILE:
        if pattern.search(step):
            return f"a step with {what}"
    folded = step.casefold().rstrip(" .")
    same = [other for other in kept if other.casefold().rstrip(" .") == folded]
    if kept and same and same[-1] is kept[-1]:
        return "a step said twice in a row"
    if len(same) >= MAX_REPEATS:
        return f"a step said more than {MAX_REPEATS} times"
    return ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= 80 else line[:77] + "...")


def in_grammar(text: str, ended: bool, most: int = 40) -> bool:
    """True if a text is, or can still become, `1) step` lines counted up from 1.

    For constrained decoding: what is allowed so far, and whether it may end here.

    Args:
        text: the answer so far.
        ended: True if it would end there.
        most: steps at most.
    """
    lines = text.split("\n")
    for index, line in enumerate(lines[:-1]):
        if not _whole(line, index + 1):
            return False
    last, number = lines[-1], len(lines)
    if ended:
        return (number > 1 and not last) or (number <= most and _whole(last, number))
    if number > most:
        return not last
    wanted = f"{number}) "
    if len(last) < len(wanted):
        return wanted.startswith(last)
    if not last.startswith(wanted):
        return False
    words = last[len(wanted) :]
    return len(words) <= 200 and not words[:1].isspace() and "<" not in words


def _whole(line: str, number: int) -> bool:
    wanted = f"{number}) "
    words = line.removeprefix(wanted)
    return line.startswith(wanted) and 3 <= len(words) <= 200 and any(map(str.isalpha, words))
