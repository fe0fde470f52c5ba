"""Videos on the page: by relative link, or inside it as data URIs."""

import base64
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from ...configs import ConfigError
from .episodes import Told

MOST_EMBEDDED = 300 << 20
"""Bytes of video; more make a page that browsers do not open."""


def size(told: Sequence[Told]) -> int:
    """Bytes of all videos."""
    return sum(one.video.stat().st_size for one in told if one.video)


def check_embedded(told: Sequence[Told]) -> None:
    """Refuse to embed more than a browser opens.

    Raises:
        ConfigError: with the size.
    """
    total = size(told)
    if total > MOST_EMBEDDED:
        raise ConfigError(
            f"--embed-videos: the videos are {megabytes(total)}, more than "
            f"{megabytes(MOST_EMBEDDED)} make a page that browsers do not open; leave it out: the "
            "page then links to the videos"
        )


def link(video: Path, page: Path) -> str:
    """The address of a video as seen from the page, safe in an attribute."""
    relative = os.path.relpath(video.resolve(), page.parent.resolve())
    return quote(Path(relative).as_posix())


def embedded(video: Path) -> str:
    """The video as a data URI; empty if it cannot be read."""
    try:
        return "data:video/mp4;base64," + base64.b64encode(video.read_bytes()).decode()
    except OSError:
        return ""


def megabytes(count: int) -> str:
    """A size for people."""
    return f"{count / 1e6:.1f} MB" if count < 1e8 else f"{count / 1e6:.0f} MB"
