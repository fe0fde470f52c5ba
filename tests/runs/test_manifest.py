import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from leapcasa.configs import ConfigError
from leapcasa.runs.manifest import load

GOOD = {"instruction": "turn on the faucet", "label": "complete", "right": "r.mp4"}


def lines(folder: Path, *rows: object) -> Path:
    """A JSONL manifest beside two clips that exist."""
    for clip in ("r.mp4", "l.mp4"):
        (folder / clip).touch()
    path = folder / "clips.jsonl"
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows))
    return path


def test_rows_carry_every_field_and_paths_relative_to_the_manifest(tmp_path, monkeypatch):
    full = {**GOOD, "left_video": "l.mp4", "phase": "hard_negative", "id": "a-1", "scene": 17}
    monkeypatch.chdir("/")
    first, second = load(lines(tmp_path, full, GOOD)).rows
    assert first.clips == {"right": tmp_path / "r.mp4", "left": tmp_path / "l.mp4"}
    assert (first.phase, first.id, first.group) == ("hard_negative", "a-1", "17")
    assert (second.phase, second.id, second.group) == ("", "2", "")
    assert second.where == f"{tmp_path}/clips.jsonl:2"


def test_a_parquet_manifest_reads_like_the_same_rows_in_jsonl(tmp_path):
    rows = [{**GOOD, "left": None, "phase": "x"}, {**GOOD, "left": "l.mp4", "phase": None}]
    jsonl = load(lines(tmp_path, *rows))
    path = tmp_path / "clips.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    parquet = load(path)
    assert [(r.id, r.clips, r.phase, r.label) for r in parquet.rows] == [
        (r.id, r.clips, r.phase, r.label) for r in jsonl.rows
    ]
    assert parquet.rows[1].where == f"{path}:2"


def test_blank_lines_are_passed_over_and_places_still_count_them(tmp_path):
    manifest = load(lines(tmp_path, "", GOOD, "", GOOD))
    assert [row.where[-2:] for row in manifest.rows] == [":2", ":4"]
    assert [row.id for row in manifest.rows] == ["1", "2"]


def test_columns_that_mean_nothing_are_told(tmp_path):
    assert load(lines(tmp_path, {**GOOD, "episode": 3, "phse": "x"})).ignored == ("episode", "phse")


BAD = {
    "no JSON": ("{broken", "is no JSON"),
    "no object": ("[1]", "no JSON object"),
    "no label": ({**GOOD, "label": None}, "field 'label': is missing"),
    "unknown label": ({**GOOD, "label": "completed"}, "did you mean 'complete'"),
    "label that is no text": ({**GOOD, "label": True}, "field 'label': must be text"),
    "empty instruction": ({**GOOD, "instruction": "  "}, "field 'instruction': is empty"),
    "no clip at all": ({"instruction": "x", "label": "complete"}, "right, left, hand"),
    "clip that is not there": ({**GOOD, "left": "gone.mp4"}, "field 'left': there is no clip"),
    "clip that is no path": ({**GOOD, "left": 5}, "field 'left': must be a path"),
    "clip with a null byte": ({**GOOD, "left": "a\0b"}, "field 'left'"),
    "view given twice": ({**GOOD, "right_video": "r.mp4"}, "given twice"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_row_is_named_by_file_line_and_field(name, tmp_path):
    row, said = BAD[name]
    path = lines(tmp_path, GOOD, row)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert f"{path}:2: " in str(caught.value)
    assert said in str(caught.value)


def test_all_bad_rows_are_told_at_once_but_not_more_than_ten(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(lines(tmp_path, *[{**GOOD, "label": "?"}] * 25, GOOD))
    said = str(caught.value)
    assert "25 rows are bad" in said
    assert said.count("field 'label'") == 10
    assert "and 15 more" in said


def test_an_id_twice_names_both_rows(tmp_path):
    path = lines(tmp_path, {**GOOD, "id": "a"}, GOOD, {**GOOD, "id": "a"})
    with pytest.raises(ConfigError, match=r"clips.jsonl:3: .*'a' is the id of .*clips.jsonl:1"):
        load(path)


def test_a_limit_reads_the_first_rows_alone(tmp_path):
    path = lines(tmp_path, GOOD, GOOD, "{broken")
    assert len(load(path, limit=2).rows) == 2
    with pytest.raises(ConfigError, match="--limit 0"):
        load(path, limit=0)


def test_files_that_are_no_manifest_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "gone.jsonl")
    with pytest.raises(ConfigError, match=r"neither \.jsonl nor \.parquet"):
        load(tmp_path / "clips.csv")
    with pytest.raises(ConfigError, match="no rows"):
        load(lines(tmp_path, "", ""))
    (tmp_path / "noise.parquet").write_bytes(b"junk" * 100)
    with pytest.raises(ConfigError, match="no whole Parquet file"):
        load(tmp_path / "noise.parquet")
    (tmp_path / "latin.jsonl").write_bytes(b'{"label": "\xff"}\n')
    with pytest.raises(ConfigError, match="cannot read the manifest"):
        load(tmp_path / "latin.jsonl")
