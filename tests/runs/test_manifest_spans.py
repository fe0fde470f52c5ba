"""Rows that point into recordings: which frames are shown, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from leapcasa.configs import ConfigError
from leapcasa.runs import manifest
from leapcasa.runs.clip_files import Span, read_clip


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """100 frames, each filled with its number."""
    frames = np.broadcast_to(np.arange(100, dtype=np.uint8)[:, None, None, None], (100, 32, 32, 3))
    np.save(tmp_path / "right.npy", frames)
    return tmp_path / "right.npy"


def write(folder: Path, **fields: object) -> Path:
    path = folder / "clips.jsonl"
    row = {"instruction": "x", "label": "complete", "right": "right.npy", **fields}
    path.write_text(json.dumps(row))
    return path


@pytest.mark.parametrize(
    ("fields", "first", "last"),
    [
        ({"end": 80}, 17, 80),
        ({"end": 99}, 36, 99),
        ({"end": 10}, 0, 10),
        ({"end": 80, "begin": 50}, 50, 80),
        ({"end": 80, "begin": 2}, 17, 80),
        ({"end": 5, "begin": 5}, 5, 5),
    ],
)
def test_the_newest_frames_up_to_the_end_are_shown(
    recording: Path, fields: dict[str, int], first: int, last: int
) -> None:
    (row,) = manifest.load(write(recording.parent, **fields)).rows
    read = read_clip(row.clips["right"], 64, row.span)
    assert read.clip[:, 0, 0, 0].tolist() == list(range(first, last + 1))
    assert read.total == last - first + 1


def test_a_row_without_an_end_is_the_clip_itself(recording: Path) -> None:
    (row,) = manifest.load(write(recording.parent)).rows
    assert row.span is None
    assert read_clip(row.clips["right"], 64, row.span).total == 100


def test_an_end_behind_the_recording_is_refused(recording: Path) -> None:
    with pytest.raises(ConfigError, match="frame 100"):
        read_clip(recording, 64, Span(end=100))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"begin": 3}, "without 'end'"),
        ({"begin": 9, "end": 8}, "behind 'end'"),
        ({"end": -1}, "from 0 on"),
        ({"end": "8"}, "from 0 on"),
        ({"end": True}, "from 0 on"),
        ({"end": 8, "begin": 1.5}, "from 0 on"),
    ],
)
def test_bad_spans_are_told(recording: Path, fields: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        manifest.load(write(recording.parent, **fields))
