"""The page: one HTML file that needs nothing else, and lets nothing from outside run.

Texts go through Jinja's autoescape or, in the data that the page's script reads, through `inline`;
the script itself only ever sets `textContent`. The Content-Security-Policy names the hash of the
one style and the one script, so that nothing else would run even if it got in.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...envs.sensors import CONTROL_HZ
from ..evaluation.episode import Episode
from ..evaluation.report import interval, number, percent
from ..judge_statistics import Rate
from ..narrator import ENDS
from . import attribution, compact, media
from .clean import mapping
from .clean import number as finite
from .episodes import Told
from .failures import REASONS, reason

if TYPE_CHECKING:
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
SCRIPTS = ("base.js", "table.js", "timeline.js", "episode.js", "main.js")
"""In this order they are one script."""
LONGEST_ERROR = 300


@dataclass(frozen=True, kw_only=True)
class Options:
    """How the page is made."""

    path: Path
    """Where it will lie; links are relative to it."""
    embed: bool
    """Videos inside the page."""


def render(report: Mapping[str, Any], told: Sequence[Told], options: Options) -> str:
    """The page as text.

    Args:
        report: of `content.content`.
        told: the episodes.
        options: how.
    """
    import jinja2
    from markupsafe import Markup

    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters |= {"percent": percent, "number": number, "interval": _interval}
    style, script = _source("page.css"), "\n".join(_source(name) for name in SCRIPTS)
    return environment.get_template("page.html.jinja").render(
        report=report,
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script),
        parts={part: _named(report, part) for part in ("planner", "policy", "judge")},
        rows=inline(_data(report, told)),
        courses=(inline(_course(one, options)) for one in told),
        videos=_videos(told) if options.embed else (),
        films=media.megabytes(media.size(told)) if media.size(told) else "",
        embedded=options.embed,
        config=flat(report["about"]["config"]),
        machine=flat(report["about"]["machine"]),
        versions=flat(report["about"]["versions"]),
        attribution=attribution.shown(report["attribution"]),
    )


def inline(value: Any) -> "Markup":
    """A value as JSON that is safe inside a script element, whatever its texts hold."""
    from markupsafe import Markup

    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def flat(data: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Dotted names and values of nested mappings, for a table."""
    found: list[tuple[str, str]] = []
    for name, value in data.items():
        if isinstance(value, Mapping) and value:
            found += flat(value, f"{prefix}{name}.")
        else:
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            found.append((prefix + name, "not set" if value is None else shown))
    return found


def _interval(rate: Mapping[str, Any]) -> str:
    low, high = rate.get("low"), rate.get("high")
    known = low is not None and high is not None
    return interval(Rate(hits=0, n=0, value=None, low=low if known else None, high=high))


def _source(name: str) -> str:
    text = (TEMPLATES / name).read_text()
    assert "</s" not in text.lower()
    return text


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "media-src 'self' file: data:; img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _named(report: Mapping[str, Any], part: str) -> str:
    name = mapping(report["about"]["config"].get(part)).get("name")
    return name if isinstance(name, str) else "unknown"


def _data(report: Mapping[str, Any], told: Sequence[Told]) -> dict[str, Any]:
    advance = mapping(report["about"]["config"].get("advance"))
    return {
        "kind": report["kind"],
        "hz": CONTROL_HZ,
        "threshold": finite(advance.get("margin")) or 0.0,
        "videos": any(one.video for one in told),
        "rows": _rows(told),
    }


def _rows(told: Sequence[Told]) -> list[dict[str, Any]]:
    """What the table of episodes is made of."""
    return [
        {
            "name": one.row.key.name,
            "task": one.row.task,
            "split": one.row.split,
            "seed": one.row.seed,
            "result": _result(one),
            "why": _why(one.row),
            "end": one.row.end_reason,
            "steps": one.row.steps,
            "subtasks": one.row.subtasks,
            "done": one.row.subtasks_done,
            "timeouts": one.row.timeouts,
            "replans": one.row.replans,
            "seconds": round(one.row.seconds + one.row.setup_seconds, 1),
            "text": one.instruction,
            "error": (one.row.error or "")[:LONGEST_ERROR],
        }
        for one in told
    ]


def _why(row: Episode) -> str:
    name = reason(row) or row.end_reason
    return REASONS.get(name, ENDS.get(name, name))


def _result(one: Told) -> str:
    row = one.row
    if row.status != "scored":
        return row.status
    if row.success:
        return "success" if row.declared_success else "missed"
    return "false_completion" if row.declared_success else "failed"


def _course(one: Told, options: Options) -> dict[str, Any]:
    """What the view of one episode is made of."""
    row = one.row
    link = media.link(one.video, options.path) if one.video and not options.embed else None
    return {
        "instruction": one.instruction,
        "scene": one.scene,
        "planner": mapping(one.parts.get("planner")).get("name") or "the planner",
        "privileged": list(row.privileged),
        "plan": one.plan,
        "believed": compact.course(one.course),
        "truth": compact.truth(one.truth),
        "error": compact.cut(row.error or ""),
        "declared": row.declared_success,
        "first_success": row.first_success_step,
        "max_steps": row.max_steps,
        "attempt": row.attempt,
        "video": link,
    }


def _videos(told: Sequence[Told]) -> list[tuple[int, str]]:
    made = ((place, one.video) for place, one in enumerate(told))
    return [(place, media.embedded(video)) for place, video in made if video]
