"""`leapcasa plan report`: trainings, ablations, evaluations and reviews on one page."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...configs import ConfigError
from ..console import Console
from ..page import Section, page
from ..plan_statistics import MEASURES
from ..records import replace_file
from ..review import report as review_report
from ..tables import TextTable
from ..training_folder import TRAINING
from ..vlabench import command as vlabench
from .live import duration

PAGE = "workshop.html"
_TITLES = {one.name: one.title for one in MEASURES}


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """One sort of folder."""

    title: str
    file: str
    """By which it is known."""
    key: str
    """A key its JSON has."""
    section: Callable[[Path, Mapping[str, Any]], Section]


def report_command(folders: Sequence[Path], out: Path | None, console: Console) -> int:
    """Write the page.

    Args:
        folders: results of `plan train`, `ablate`, `eval`, `vlabench`, `review`, in this order on
            the page.
        out: the file; None for `workshop.html` in the first folder.
        console: says where it is.

    Returns:
        0.

    Raises:
        ConfigError: if a folder holds none of these.
        RecordError: if the page cannot be written.
    """
    found = [_section(folder.expanduser()) for folder in folders]
    path = (out or folders[0] / PAGE).expanduser().absolute()
    if not path.parent.is_dir():
        raise ConfigError(f"--out {path}: the folder {path.parent} is not there")
    content = page("Planners: trained, measured, reviewed", found)
    replace_file(path, lambda stream: stream.write(content))
    value = {"page": path, "sections": [one.title for one in found], "bytes": len(content)}
    console.result(value, f"{path} ({len(found)} sections, {len(content) / 1e3:.0f} kB)")
    return 0


def _section(folder: Path) -> Section:
    for kind in _KINDS:
        path = folder / kind.file
        if not path.is_file():
            continue
        try:
            value = json.loads(path.read_text("utf-8"))
            if kind.key in value:
                return kind.section(folder, value)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"{path} cannot be read: {error!r}") from error
    raise ConfigError(
        f"{folder} holds no results of plan train, ablate, eval, vlabench or review; name the "
        "folder that was given to one of them with --out"
    )


def _trained(folder: Path, value: Mapping[str, Any]) -> Section:
    sizes = value.get("parameters") or {}
    facts = [
        ("state", value.get("state")),
        ("samples", value.get("samples")),
        ("held out", value.get("held_out")),
        ("parameters", sizes.get("total")),
        ("of them trained", sizes.get("trainable")),
        ("steps", value.get("steps")),
        ("time", duration(value["seconds"]) if "seconds" in value else None),
        ("first loss", value.get("first_loss")),
        ("last loss", value.get("last_loss")),
        ("held-out loss", value.get("eval_loss")),
    ]
    rows = [(name, _cell(one)) for name, one in facts if one is not None]
    return Section(
        title=f"Training: {folder.name}",
        tables=[TextTable(head=("training", "value"), rows=rows)],
        pictures=_pictures(folder, "curves.png"),
    )


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _ablation(folder: Path, value: Mapping[str, Any]) -> Section:
    return Section(
        title=f"Ablation: {folder.name}",
        text=[f"{value['cases']} cases; every preset was trained for equally many steps."],
        tables=[_csv(folder / "ablation.csv")],
        pictures=_pictures(folder, "curves.png"),
    )


def _vlabench(folder: Path, value: Mapping[str, Any]) -> Section:
    return Section(
        title=f"VLABench: {folder.name}",
        text=[*vlabench.EXPLAINED, f"Asked: {json.dumps(value['asking'])}"],
        tables=vlabench.totals(value["models"], published=value["dimension"] == "all"),
        pictures=_pictures(folder, "radar.png", "bars.png"),
    )


def _review(folder: Path, value: Mapping[str, Any]) -> Section:
    found = value["review"]
    return Section(
        title=f"Blind review: {folder.name}",
        text=review_report.EXPLAINED,
        tables=[
            review_report.scores_table(found),
            review_report.comparison_table(found),
            review_report.judges_table(found),
        ],
        pictures=_pictures(folder, "scores.png"),
    )


def _evaluated(folder: Path, value: Mapping[str, Any]) -> Section:
    rows = [
        (one["planner"], *(_interval(one["measures"][name]) for name in _TITLES))
        for one in value["planners"]
    ]
    return Section(
        title=f"Composite tasks: {folder.name}",
        text=[f"{value['cases']} cases, against the reference steps (docs/planners.md)."],
        tables=[TextTable(head=("planner", *_TITLES.values()), rows=rows)],
    )


def _interval(found: Mapping[str, Any]) -> str:
    if found["value"] is None:
        return "-"
    return f"{found['value']:.3g} ({found['low']:.3g} to {found['high']:.3g})"


_KINDS = (
    _Kind(title="review", file="results.json", key="review", section=_review),
    _Kind(title="vlabench", file="results.json", key="asking", section=_vlabench),
    _Kind(title="eval", file="results.json", key="planners", section=_evaluated),
    _Kind(title="ablate", file="ablation.json", key="presets", section=_ablation),
    _Kind(title="train", file=TRAINING, key="asked", section=_trained),
)


def _pictures(folder: Path, *names: str) -> list[bytes]:
    return [(folder / name).read_bytes() for name in names if (folder / name).is_file()]


def _csv(path: Path) -> TextTable:
    head, *rows = csv.reader(io.StringIO(path.read_text("utf-8")))
    return TextTable(head=tuple(head), rows=[tuple(map(_short, row)) for row in rows])


def _short(cell: str) -> str:
    """A number as people read it."""
    try:
        number = float(cell)
    except ValueError:
        return cell
    return cell if number == int(number) else f"{number:.4g}"
