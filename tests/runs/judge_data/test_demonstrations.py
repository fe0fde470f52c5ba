"""Annotated demonstrations in LeRobot's layouts 2.1 and 3.0, written here with pyarrow."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leapcasa.configs import ConfigError
from leapcasa.envs.sensors import CAMERAS
from leapcasa.judges.base import COMPLETE, NOT_COMPLETE
from leapcasa.runs import manifest
from leapcasa.runs.cli import main
from leapcasa.runs.clip_files import read_clip
from leapcasa.runs.encoder import Encoder
from leapcasa.runs.judge_data.lerobot import episodes

WORDS = [
    *("Soak the pan", "SoakPan", "Pick up the pan", "PickPlace", "Place the pan in the sink"),
    *("Turn on the sink faucet", "TurnOnSinkFaucet", "navigate", "task complete", "done"),
]
PARTS = [(2, 90), (4, 60), (5, 70), (8, 25)]
"""Words and frames of each part of an episode; the last one says that all is done."""
FRAMES = sum(count for _, count in PARTS)


def annotated(episode: int, first: int) -> dict[str, list[Any]]:
    parts = [(index, words) for index, (words, count) in enumerate(PARTS) for _ in range(count)]
    return {
        "episode_index": [episode] * FRAMES,
        "frame_index": list(range(FRAMES)),
        "index": list(range(first, first + FRAMES)),
        "subtask_idx": [index for index, _ in parts],
        "annotation.human.subtask": [words for _, words in parts],
        "annotation.human.subtask_name": [3] * FRAMES,
        "annotation.human.subtask_stage": [9 if words == 8 else 7 for _, words in parts],
    }


def film(path: Path, shades: list[int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    encoder = Encoder(path, width=32, height=32, fps=20, crf=1)
    for shade in shades:
        encoder.write(np.full((32, 32, 3), shade, np.uint8))
    encoder.close()


def shade(frame: int) -> int:
    return 20 + frame % 200


def dataset(root: Path, layout: str, count: int = 2) -> Path:
    keys = [f"observation.images.{CAMERAS[v]}" for v in ("right", "left")]
    whole = layout == "v3.0"
    info = {
        "codebase_version": layout, "fps": 20, "chunks_size": 1000,
        "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
        if whole else
        "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
    }  # fmt: skip
    (root / "meta").mkdir(parents=True)
    (root / "meta/info.json").write_text(json.dumps(info))
    tables = [annotated(i, i * FRAMES) for i in range(count)]
    if whole:
        joined = {k: [v for t in tables for v in t[k]] for k in tables[0]}
        save(root / "data/chunk-000/file-000.parquet", joined)
        save(root / "meta/tasks.parquet", {"task_index": list(range(len(WORDS))),
                                           "__index_level_0__": WORDS})  # fmt: skip
        places: dict[str, list[Any]] = {"episode_index": list(range(count))}
        for key in keys:
            places[f"videos/{key}/chunk_index"] = [0] * count
            places[f"videos/{key}/file_index"] = [0] * count
            places[f"videos/{key}/from_timestamp"] = [i * FRAMES / 20 for i in range(count)]
            shades = [shade(f) for _ in range(count) for f in range(FRAMES)]
            film(root / f"videos/{key}/chunk-000/file-000.mp4", shades)
        save(root / "meta/episodes/chunk-000/file-000.parquet", places)
        return root
    lines = [json.dumps({"task_index": i, "task": text}) for i, text in enumerate(WORDS)]
    (root / "meta/tasks.jsonl").write_text("\n".join(lines))
    for index, table in enumerate(tables):
        save(root / f"data/chunk-000/episode_{index:06d}.parquet", table)
        extras = root / f"extras/episode_{index:06d}"
        extras.mkdir(parents=True)
        (extras / "ep_meta.json").write_text(json.dumps({"layout_id": index, "style_id": 7}))
        for key in keys:
            path = root / f"videos/chunk-000/{key}/episode_{index:06d}.mp4"
            film(path, [shade(f) for f in range(FRAMES)])
    return root


def save(path: Path, columns: dict[str, list[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


@pytest.mark.parametrize("layout", ["v2.1", "v3.0"])
def test_annotations_become_labelled_moments_of_the_data_sets_own_films(
    layout: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    root = dataset(tmp_path / "SoakPan/20260701/lerobot", layout)
    out = tmp_path / "out"
    assert main(["judge", "data", "--lerobot", str(root), "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["episodes"] == 2
    rows = [r for n in ("train", "val", "test") if (out / f"{n}.jsonl").read_text()
            for r in manifest.load(out / f"{n}.jsonl").rows]  # fmt: skip
    assert sum(r.label == COMPLETE for r in rows) * 2 == sum(r.label == NOT_COMPLETE for r in rows)
    completed = {"Pick up the pan": 90, "Place the pan in the sink": 150,
                 "Turn on the sink faucet": 220}  # fmt: skip
    seen: dict[str, set[str]] = {}
    for row in rows:
        assert row.span is not None
        at = row.span.end - (row.span.begin if layout == "v3.0" else 0)
        assert row.label == (COMPLETE if at >= completed[row.instruction] else NOT_COMPLETE)
        assert row.label != COMPLETE or at <= completed[row.instruction] + 30
        seen.setdefault(row.phase, set()).add(row.instruction)
    assert seen["stable_complete_30"] == {"Pick up the pan", "Place the pan in the sink"}
    assert seen["terminal_complete_partial"] == {"Turn on the sink faucet"}
    for row in rows[:6]:
        assert row.span is not None
        shown = read_clip(row.clips["right"], 64, row.span).clip[:, 16, 16, 0].astype(int)
        at = row.span.end - row.span.begin
        wanted = [shade(f) for f in range(max(0, at - 63), at + 1)]
        assert np.abs(shown - wanted).max() <= 4  # H.264 at crf 1


def test_scenes_come_from_the_data_set_where_it_tells_them(tmp_path: Path) -> None:
    found = list(episodes([dataset(tmp_path / "T/1/lerobot", "v2.1")]))
    assert [e.scene for e in found] == ["layout0-style7", "layout1-style7"]
    assert [w.texts[0] for w in found[0].watches if w.manner] == [
        "Pick up the pan", "Place the pan in the sink", "Turn on the sink faucet"
    ]  # fmt: skip


def test_bad_input_leaves_nothing_behind(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "out"
    command = ["judge", "data", "--lerobot", str(tmp_path / "x"), "--out", str(out)]
    assert main(command) == 2
    assert "no LeRobot data set" in capsys.readouterr().err
    assert not out.exists()
    out.mkdir()
    (out / "mine.txt").touch()
    assert main(command) == 2
    assert "is no dataset" in capsys.readouterr().err
    assert [p.name for p in out.iterdir() if p.name != ".lock"] == ["mine.txt"]


def broken(root: Path, how: str) -> None:
    info = root / "meta/info.json"
    if how == "fps":
        info.write_text(info.read_text().replace('"fps": 20', '"fps": 10'))
    elif how == "film":
        next(root.glob("videos/**/*right*/*1.mp4")).unlink()
    elif how == "frames":
        path = root / "data/chunk-000/episode_000001.parquet"
        pq.write_table(pq.read_table(path).slice(3), path)
    elif how == "column":
        path = root / "data/chunk-000/episode_000000.parquet"
        pq.write_table(pq.read_table(path).drop(["annotation.human.subtask"]), path)
    elif how == "torn":
        path = root / "data/chunk-000/episode_000000.parquet"
        path.write_bytes(path.read_bytes()[:-50])
    elif how == "words":
        (root / "meta/tasks.jsonl").write_text('{"task_index": 0, "task": "x"}')
    else:
        info.unlink()


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("fps", "20"),
        ("film", "missing"),
        ("frames", "lacks frames"),
        ("column", "subtask annotations"),
        ("torn", "no whole Parquet"),
        ("words", "names task"),
        ("info", "no LeRobot data set"),
    ],
)
def test_what_is_no_such_data_set_is_told(how: str, message: str, tmp_path: Path) -> None:
    root = dataset(tmp_path / "T/1/lerobot", "v2.1")
    broken(root, how)
    with pytest.raises(ConfigError, match=message):
        list(episodes([root]))
