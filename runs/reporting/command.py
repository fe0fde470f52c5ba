"""`leapcasa report`: reads a folder, writes the page and the files beside it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...configs import ConfigError
from ..console import Console
from ..evaluation import report as numbers
from ..records import RecordError, replace_file, write_json
from . import media
from .content import ATTEMPTS_HEAD, attempts_table, content
from .episodes import Told, tell
from .page import Options, render
from .source import Source, open_source

ATTEMPTS_CSV = "attempts.csv"


@dataclass(frozen=True, kw_only=True)
class Files:
    """Where everything goes."""

    page: Path

    def beside(self, name: str) -> Path:
        """A file beside the page, under the page's own name if that is not the usual one."""
        stem = self.page.stem
        if name == "report.json":
            return self.page.with_name(f"{stem}.json")
        return self.page.with_name(name if stem == "report" else f"{stem}.{name}")


def report_command(
    folder: Path, *, out: Path | None, embed: bool, title: str | None, console: Console
) -> int:
    """Write the report.

    Args:
        folder: of an evaluation or a rollout.
        out: the page; None for `report.html` in the folder.
        embed: put the videos into the page.
        title: of the page; None for one made of the tasks.
        console: where the answer goes.

    Returns:
        0.

    Raises:
        ConfigError: if there is nothing to report on, or `out` can be no page.
        RecordError: if a file cannot be written.
    """
    source = open_source(folder)
    files = Files(page=_page(source, out))
    told = tell(source)
    if embed:
        media.check_embedded(told)
    made = content(source, told, title)
    written = _write(files, source, told, made, embed=embed)
    answer = _answer(files, told, made, written, embed=embed)
    console.result(answer, _text(answer))
    return 0


def _page(source: Source, out: Path | None) -> Path:
    if out is None:
        return source.folder / "report.html"
    page = out.expanduser().absolute()
    if page.is_dir() or page.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"--out {out} is no page; name a file that ends with .html")
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordError(f"cannot write to {page.parent}: {error.strerror or error}") from error
    return page


def _write(
    files: Files, source: Source, told: list[Told], made: Mapping[str, Any], *, embed: bool
) -> list[Path]:
    """Write every file; one that says what is there already is left as it is."""
    tables = numbers.csv_files(made, source.rows)
    tables[ATTEMPTS_CSV] = numbers.csv_text(ATTEMPTS_HEAD, attempts_table(told))
    written = []
    for name, text in tables.items():
        path = files.beside(name)
        if not path.is_file() or path.read_bytes() != text:
            _replace(path, text)
        written.append(path)
    _replace(files.beside("report.json"), _lines(made).encode())
    write_json(files.beside("leaderboard.json"), made["leaderboard"])
    written += [files.beside("report.json"), files.beside("leaderboard.json")]
    page = render(made, told, Options(path=files.page, embed=embed))
    _replace(files.page, page.encode())
    return written


def _lines(made: Mapping[str, Any]) -> str:
    """`report.json` with an episode a line, which keeps thousands of them small and findable."""

    def dumped(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    head = dumped({name: value for name, value in made.items() if name != "episodes"})
    episodes = ",\n".join(dumped(one) for one in made["episodes"])
    return f'{head[:-1]},"episodes":[\n{episodes}\n]}}\n'


def _replace(path: Path, text: bytes) -> None:
    replace_file(path, lambda stream: stream.write(text))


def _answer(
    files: Files, told: list[Told], made: Mapping[str, Any], written: list[Path], *, embed: bool
) -> dict[str, Any]:
    videos = sum(one.video is not None for one in told)
    return {
        "page": str(files.page),
        "bytes": files.page.stat().st_size,
        "files": [str(path) for path in written],
        "kind": made["kind"],
        "title": made["title"],
        "wanted": made["wanted"],
        "recorded": made["recorded"],
        "scored": made["scored"],
        "success": made["sets"][-1]["success"],
        "videos": videos,
        "videos_embedded": videos if embed else 0,
        "videos_bytes": media.size(told),
        "compares_with_published": made["compares_with_published"],
    }


def _headline(kind: str, success: Mapping[str, Any]) -> str:
    if not success["n"]:
        return "nothing is scored yet" if kind == "evaluation" else "not scored"
    if kind == "rollout":
        return "success" if success["hits"] else "no success"
    rate = numbers.percent(success["value"])
    return f"{success['hits']} of {success['n']} scored episodes succeed ({rate})"


def _text(answer: Mapping[str, Any]) -> str:
    """The answer for people."""
    success = answer["success"]
    lines = [f"{answer['title']}: {_headline(answer['kind'], success)}"]
    if answer["recorded"] < answer["wanted"]:
        lines.append(f"  {answer['recorded']} of {answer['wanted']} episodes are recorded so far")
    if answer["videos"] and answer["videos_embedded"]:
        size = media.megabytes(answer["videos_bytes"])
        lines.append(f"  videos inside the page: {answer['videos']} ({size}, a third more as text)")
    elif answer["videos"]:
        lines.append(f"  videos linked: {answer['videos']}; move page and folder together")
    lines += [f"  {path}" for path in answer["files"]]
    return "\n".join([*lines, f"  {answer['page']} ({media.megabytes(answer['bytes'])})"])
