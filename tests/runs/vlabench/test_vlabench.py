"""`leapcasa plan vlabench` on samples of our own in the real layout, with a real small Qwen3-VL."""

import json
import random
import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from leapcasa.configs import ConfigError
from leapcasa.runs import cli
from leapcasa.runs.vlabench import prompt, results
from leapcasa.runs.vlabench.asking import FILE
from leapcasa.runs.vlabench.prompt import Asking, calls, shots, turn
from leapcasa.runs.vlabench.results import LEAP_TABLE, reply, scored
from leapcasa.runs.vlabench.samples import DIMENSIONS, dimension, find

FOLDERS = {"CommonSense": "CommenSence"}
"""The published data's own spelling."""


def draw(path: Path, places, numbers: bool) -> None:
    picture = Image.new("RGB", (96, 64), "#c8b99a")
    pen = ImageDraw.Draw(picture)
    for number, (x, y, colour) in enumerate(places, 1):
        pen.ellipse((x, y, x + 14, y + 14), fill=colour)
        if numbers:
            pen.text((x + 4, y + 2), str(number), fill="white")
    picture.save(path)


def write_sample(folder: Path, seed: int) -> None:
    rng = random.Random(seed)
    (folder / "input").mkdir(parents=True)
    (folder / "output").mkdir()
    colours = rng.sample(["red", "green", "blue", "purple"], 3)
    places = [(6 + 30 * i, rng.randint(4, 40), c) for i, c in enumerate(colours)]
    draw(folder / "input/input.png", places, numbers=False)
    draw(folder / "input/input_mask.png", places, numbers=True)
    a, b = rng.sample(range(1, 4), 2)
    words = f"Put the {colours[a - 1]} ball on the {colours[b - 1]} one."
    (folder / "input/instruction.txt").write_text(words + "\n", "utf-8")
    plan = [
        {"name": "pick", "params": {"target_entity_name": a}},
        {"name": "place", "params": {"target_container_name": b}},
    ]
    value = json.dumps({"skill_sequence": plan})
    (folder / "output/operation_sequence.json").write_text(value, "utf-8")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Two examples of a task or two of every dimension, grouped as published."""
    root = tmp_path_factory.mktemp("vlm_evaluation")
    seed = 0
    for where, tasks in DIMENSIONS.items():
        for task in tasks[:2]:
            for number in range(2):
                seed += 1
                write_sample(root / FOLDERS.get(where, where) / task / f"example{number}", seed)
    return root


def run(capfd, *arguments):
    code = cli.main(["plan", "vlabench", *map(str, arguments), "--json"])
    out, err = capfd.readouterr()
    return code, json.loads(out) if out else {}, err


# samples -----------------------------------------------------------------------------------------


def test_both_layouts_hold_the_same_samples(data, tmp_path):
    flat = tmp_path / "flat"
    for task in data.glob("*/*"):
        shutil.copytree(task, flat / task.name)
    grouped, ungrouped = find(data), find(flat)
    assert [s.id for s in grouped.samples] == [s.id for s in ungrouped.samples]
    assert [s.dimension for s in grouped.samples] == [s.dimension for s in ungrouped.samples]
    assert len(grouped.samples) == 24
    assert {s.dimension for s in grouped.samples} == set(DIMENSIONS)


def test_examples_are_in_the_order_of_their_numbers(tmp_path):
    for number in (10, 2, 1):
        write_sample(tmp_path / "select_toy" / f"example{number}", number)
    assert [s.number for s in find(tmp_path).samples] == [1, 2, 10]
    assert [s.number for s in find(tmp_path, limit=2).samples] == [1, 2]


@pytest.mark.parametrize("name", ["M&T", "m&t", "CommenSence", "commonsense", "PhysicalLaw"])
def test_every_spelling_of_a_dimension_is_known(name):
    assert dimension(name) in DIMENSIONS


def test_the_dimensions_have_the_published_numbers_of_tasks():
    assert [len(tasks) for tasks in DIMENSIONS.values()] == [9, 8, 8, 7, 2, 7]
    assert len({task for tasks in DIMENSIONS.values() for task in tasks}) == 41


# prompt ------------------------------------------------------------------------------------------


def test_a_question_shows_examples_first_and_the_sample_last(data):
    samples = find(data).samples
    asking = Asking(shots=2, text="SKILLS", chain_of_thought=True, seed=3)
    sample = samples[0]
    chosen = shots(sample, samples, asking)
    assert sample.id not in [one.id for one in chosen]
    assert chosen == shots(sample, samples, asking)
    assert chosen != shots(sample, samples, Asking(shots=2, seed=4))
    parts = turn(sample, chosen, asking)
    pictures = [part for part in parts if isinstance(part, Path)]
    assert pictures == [p for one in (*chosen, sample) for p in (one.picture, one.tagged)]
    text = "".join(part for part in parts if isinstance(part, str))
    assert text.startswith("SKILLS\n")
    order = [text.index(one.instruction) for one in (*chosen, sample)]
    assert order == sorted(order)
    assert json.dumps({"skill_sequence": chosen[0].reference}) in text
    assert json.dumps({"skill_sequence": sample.reference}) not in text[order[-1] :]
    assert "step by step" in text[order[-1] :]


def test_no_answer_is_shown_without_shots(data):
    sample = find(data).samples[0]
    parts = turn(sample, [], Asking(text="x"))
    assert "skill_sequence" not in "".join(map(str, parts))


def test_both_built_in_prompts_name_every_skill_and_combination():
    for language in prompt.LANGUAGES:
        words = prompt.text(language, None)
        for skill in ("pick", "place", "press", "open_door", "insert", "pour", "push", "pull",
                      "lift"):  # fmt: skip
            assert f'"{skill}"' in words
        assert calls(words)[1] == ""


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ('Sure.\n```json\n[{"name": "press", "params": {}}]\n```\nDone.', ""),
        ('[{"name": "press"}]', "no fence"),
        ("```json\n[{]\n```", "no JSON"),
        ('```json\n{"skill_sequence": []}\n```', "no list of calls"),
        ("", "no fence"),
        ("```json\n" + "[" * 100_000, "no JSON"),
    ],
)
def test_replies_are_read_as_the_public_evaluation_reads_them(raw, problem):
    assert reply(raw).problem == problem


# the command -------------------------------------------------------------------------------------


def test_a_model_is_asked_scored_and_never_asked_twice(small_checkpoint, data, tmp_path, capfd):
    arguments = ("--model", f"small={small_checkpoint}", "--data", data, "--dimension", "M&T",
                 "--shots", 1, "--max-new-tokens", 8, "--out", tmp_path / "o")  # fmt: skip
    code, found, _ = run(capfd, *arguments)
    assert code == 0
    model = found["models"][0]
    assert (model["model"], model["samples"], model["format_errors"]) == ("small", 4, 4)
    assert model["dimensions"]["M&T"]["total_full"]["value"] == 0
    lines = (tmp_path / "o" / FILE).read_text().splitlines()
    assert len(lines) == 4
    raws = {json.loads(line)["sample"]: json.loads(line)["raw"] for line in lines}
    rows = (tmp_path / "o" / "samples.csv").read_text()
    assert all(sample.split("/")[0] in rows for sample in raws)
    # An interrupted run: two answers are there, and one torn line.
    (tmp_path / "o" / FILE).write_text("\n".join(lines[:2]) + "\n" + lines[2][:20])
    code, again, _ = run(capfd, *arguments)
    assert code == 0
    kept = (tmp_path / "o" / FILE).read_text().splitlines()
    assert kept[:2] == lines[:2]
    assert [json.loads(a)["raw"] for a in kept] == [json.loads(a)["raw"] for a in lines]
    assert again["models"][0]["dimensions"] == model["dimensions"]
    # Another question is another answer.
    other = [*arguments[:-1], tmp_path / "o", "--cot"]
    assert run(capfd, *other)[0] == 0
    assert len((tmp_path / "o" / FILE).read_text().splitlines()) == 8


def answers(data, wrong=()):
    """The reference, but for some samples."""
    value: dict = {"benchmeatinfo": {"existing_num": 24}}
    for sample in find(data).samples:
        plan = list(sample.reference)
        entry = {"skill_sequence": plan, "origin_output": "..."}
        if sample.dimension in wrong:
            entry = {"origin_output": "I cannot", "format_error": "format_error"}
        value.setdefault(sample.task, {})[str(sample.number)] = entry
    return value


def test_other_tools_outputs_are_scored(data, tmp_path, capfd):
    good, bad = tmp_path / "good" / "output.json", tmp_path / "bad" / "a" / "output.json"
    for path, wrong in ((good, ()), (bad, ("Complex",))):
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(answers(data, wrong)))
    code, found, _ = run(capfd, "--outputs", good, f"half={tmp_path / 'bad'}", "--data", data,
                         "--out", tmp_path / "o")  # fmt: skip
    assert code == 0
    first, second = found["models"]
    assert (first["model"], second["model"]) == ("good", "half")
    assert first["average"]["total_full"] == pytest.approx(100)
    assert first["average"]["total_published"] == pytest.approx(80)
    assert second["dimensions"]["Complex"]["total_full"]["value"] == 0
    assert second["average"]["total_full"] == pytest.approx(100 * 5 / 6)
    assert second["format_errors"] == 4
    total = found["differences"][0]["scores"][-1]
    assert (total["wins"], total["ties"], total["losses"]) == (4, 20, 0)
    assert total["p"] == pytest.approx(2 * 0.5**4)
    for name, path in found["files"].items():
        assert Path(path).stat().st_size > 0, name
    html = Path(found["files"]["report.html"]).read_text()
    assert "I cannot" in html
    assert "LEAP checkpoint-5000 (published)" in html
    again = run(capfd, "--outputs", good, "--data", data, "--out", tmp_path / "o")[1]
    assert again["models"][0]["average"] == first["average"]
    with Image.open(found["files"]["radar.png"]) as picture:
        assert picture.size[0] > 600


def test_a_reply_that_is_missing_or_broken_is_told(data, tmp_path, capfd):
    value = answers(data)
    del value["cook_dishes"]["1"]
    path = tmp_path / "output.json"
    path.write_text(json.dumps(value))
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    (copy / "Complex" / "cook_dishes" / "example0" / "input" / "input_mask.png").unlink()
    code, found, err = run(capfd, "--outputs", f"x={path}", "--data", copy, "--out", tmp_path / "o")
    assert code == 1
    assert list(found["models"][0]["errors"]) == ["cook_dishes/example1"]
    assert "input_mask.png is missing" in err
    assert found["samples"] == 23


def test_hostile_words_stay_words_in_the_page(data, tmp_path, capfd):
    path = tmp_path / "a.jsonl"
    raw = "</pre><script>alert(1)</script>\0 \ud800"
    rows = [{"sample": s.id, "raw": raw} for s in find(data).samples]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    code, found, _ = run(capfd, "--outputs", f"<b>={path}", "--data", data, "--out", tmp_path / "o")
    assert code == 0
    html = Path(found["files"]["report.html"]).read_text("utf-8")
    assert "<script" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;" in html


def test_independent_tasks_may_come_in_any_order(data):
    by_task = {s.task: s for s in find(data).samples}
    assert by_task["cook_dishes"].dependency == "independent"
    assert by_task["book_rearrange"].dependency == "sequential"
    sample = by_task["cook_dishes"]
    [one] = scored([sample], {sample.id: results.Reply(raw="", calls=list(sample.reference))})
    assert one.scores.exact_match == 100


BAD = {
    "no model": ([], "at least one model"),
    "no data": (["--model", "m", "--data", "gone"], "is no folder"),
    "empty data": (["--model", "m", "--data", "."], "holds no sample"),
    "unknown dimension": (["--model", "m", "--dimension", "Spatail"], "did you mean 'Spatial'"),
    "unknown option": (["--model", "m", "--set", "colour=red"], "colour: unknown"),
    "label of no model": (["--model", "m", "--set", "n.dtype=auto"], "with a label of m"),
    "option that does not fit": (["--model", "m", "--set", "dtype=int3"], "dtype is one of"),
    "two of one label": (["--model", "a=x", "a=y"], "two models are called 'a'"),
    "no such weights": (["--model", "a=./nowhere"], "nowhere"),
    "no outputs": (["--outputs", "gone.json"], "cannot read the outputs"),
    "shots": (["--model", "m", "--shots", "-1"], "--shots -1"),
    "too many shots": (["--model", "a=./nowhere", "--shots", "24"], "only 23 other samples"),
    "language": (["--model", "m", "--language", "fr"], "'fr' is none of en, zh"),
    "prompt": (["--model", "m", "--prompt", "gone.txt"], "cannot read the prompt"),
    "sampling": (["--model", "m", "--temperature", "-1"], "temperature >= 0"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_exits_2_and_leaves_nothing(name, data, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    arguments, message = BAD[name]
    given = arguments if "--data" in arguments else [*arguments, "--data", data]
    code, found, _ = run(capfd, *given, "--out", "out")
    assert code == 2
    assert message in found["error"]
    assert not (tmp_path / "out").exists()


def test_the_published_rows_average_to_the_published_average():
    averages = [round(sum(row.values()) / 6, 2) for row in LEAP_TABLE.values()]
    assert averages == pytest.approx([25.10, 28.38], abs=0.011)


def test_more_shots_than_samples_is_an_error(data):
    samples = find(data).samples
    with pytest.raises(ConfigError, match="only 23"):
        shots(samples[0], samples, Asking(shots=24))
