"""`leapcasa plan report`: a section for each folder, everything from outside escaped."""

import base64
import csv
import json
import re

import pytest

from leapcasa.runs import cli

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


def run(capfd, *arguments):
    code = cli.main(["plan", "report", *map(str, arguments), "--json"])
    return code, json.loads(capfd.readouterr().out)


def trained(folder, name="<b>run</b>"):
    path = folder / name.replace("/", "")
    path.mkdir(parents=True)
    facts = {"asked": {}, "state": "done", "samples": 1234, "seconds": 61.0, "last_loss": 0.25,
             "parameters": {"total": 5, "trainable": 3}}  # fmt: skip
    (path / "train.json").write_text(json.dumps(facts))
    (path / "curves.png").write_bytes(PNG)
    return path


def ablated(folder):
    path = folder / "ablation"
    path.mkdir()
    (path / "ablation.json").write_text(json.dumps({"presets": [], "cases": 60}))
    with (path / "ablation.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["preset", "loss"], ["<script>light", "0.123456"]])
    return path


def evaluated(capfd, folder):
    pairs = folder / "pairs.jsonl"
    row = {"instruction": "turn on the sink faucet", "reference": ["Turn on the sink faucet"]}
    pairs.write_text(json.dumps(row))
    out = folder / "eval"
    arguments = ["plan", "eval", "--planner", "split", "--file", pairs, "--out", out, "--json"]
    assert cli.main([str(one) for one in arguments]) == 0
    capfd.readouterr()
    return out


def test_each_folder_has_its_section_and_pictures_are_inside(tmp_path, capfd):
    folders = [trained(tmp_path), ablated(tmp_path), evaluated(capfd, tmp_path)]
    code, found = run(capfd, *folders)
    assert code == 0
    assert found["page"] == str(folders[0] / "workshop.html")
    assert [one.partition(":")[0] for one in found["sections"]] == [
        "Training", "Ablation", "Composite tasks"
    ]  # fmt: skip
    html = (folders[0] / "workshop.html").read_text("utf-8")
    assert "<td>1,234</td>" in html
    assert "<td>0.1235</td>" in html
    assert "1 (0.207 to 1)" in html  # Wilson's interval of one success
    shown = re.findall(r"base64,([A-Za-z0-9+/=]+)", html)
    assert [base64.b64decode(one) for one in shown] == [PNG]
    assert "<script" not in html
    assert "<b>" not in html
    assert not re.search(r'(?:src|href)="(?!data:)', html)


def test_the_page_can_lie_elsewhere(tmp_path, capfd):
    code, found = run(capfd, trained(tmp_path, "a"), "--out", tmp_path / "page.html")
    assert code == 0
    assert found["page"] == str(tmp_path / "page.html")
    assert not (tmp_path / "a" / "workshop.html").exists()


BAD = {
    "nothing there": (["gone"], "holds no results"),
    "something else": (["other"], "holds no results"),
    "damaged": (["broken"], "cannot be read"),
    "no folder for the page": (["run", "--out", "nowhere/page.html"], "is not there"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_exits_2(name, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    trained(tmp_path, "run")
    for folder, text in (("other", '{"a": 1}'), ("broken", "{")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "results.json").write_text(text)
    arguments, message = BAD[name]
    code, found = run(capfd, *arguments)
    assert code == 2
    assert message in found["error"]
