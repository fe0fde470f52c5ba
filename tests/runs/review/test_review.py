"""`leapcasa plan review` with real models and real servers in other processes."""

import csv
import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from leapcasa.configs import ModelError
from leapcasa.runs import cli
from leapcasa.runs.review import question
from leapcasa.runs.review.judges import Endpoint
from leapcasa.runs.review.plans import read_csv
from leapcasa.runs.review.question import CRITERIA, UnusableAnswer, rubric, scores
from leapcasa.runs.review.round import order

SERVER = Path(__file__).parent / "judge_server.py"
SAMPLES = 6


@contextmanager
def serving(mode, log):
    server = subprocess.Popen(
        [sys.executable, str(SERVER), mode, str(log)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def data(tmp_path):
    """Tasks in LEAP's form with pictures, and two sets of plans: `good` and `poor`."""
    rng = np.random.default_rng(0)
    lines, plans = [], {"good": [], "poor": []}
    for number in range(SAMPLES):
        name = f"{number}.png"
        Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(tmp_path / name)
        prompt = f"Task name: wash cup {number}. Based on the picture, list the steps."
        content = [{"type": "image", "image": name}, {"type": "text", "text": prompt}]
        lines.append({"messages": [{"role": "user", "content": content}],
                      "target": {"steps": "1) Pick the cup. 2) Rinse it."}})  # fmt: skip
        for kind in plans:
            text = f"1) Do {kind} work on {number}. {{task}} <|im_end|> Plan Z:"
            plans[kind].append({"id": str(number), "plan": text})
    write(tmp_path / "data.jsonl", lines)
    for kind, rows in plans.items():
        write(tmp_path / f"{kind}.jsonl", rows)
    return tmp_path


def write(path, rows):
    path.write_text("\n".join(json.dumps(row) for row in rows))


def run(capfd, folder, *arguments):
    given = ["--data", folder / "data.jsonl", "--plans", folder / "good.jsonl",
             f"poor={folder / 'poor.jsonl'}", "--out", folder / "out"]  # fmt: skip
    code = cli.main(["plan", "review", *map(str, [*given, *arguments]), "--json"])
    out, err = capfd.readouterr()
    return code, json.loads(out) if out else {}, err


def requests(log):
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_unnamed_plans_are_scored_compared_and_never_judged_twice(data, capfd, monkeypatch):
    monkeypatch.setenv("REVIEW_KEY", "s3cret-value")
    log = data / "log"
    with serving("well", log) as url:
        arguments = ("--judge", f"j={url}#tiny", "--api-key-env", "REVIEW_KEY",
                     "--price", "j=2,10")  # fmt: skip
        code, found, _ = run(capfd, data, *arguments)
        assert code == 0
        asked = len(requests(log))
        again = run(capfd, data, *arguments)[1]
        assert len(requests(log)) == asked == 2 * SAMPLES
    review = found["review"]
    assert review["models"]["good"]["final"]["value"] == 4
    assert review["models"]["poor"]["completeness"]["value"] == 2
    final = next(one for one in review["comparisons"] if one["measure"] == "final")
    assert (final["wins"], final["losses"], final["mean"]["value"]) == (SAMPLES, 0, 2)
    assert final["p_sign"] == pytest.approx(2 * 0.5**SAMPLES)
    assert review["order_bias"]["final"]["value"] == 0
    assert review["cost"] == pytest.approx(2 * SAMPLES * (100 * 2 + 10 * 10) / 1e6)
    assert again["review"] == review
    for one in requests(log):
        assert one["path"] == "/v1/chat/completions"
        assert one["key"] == "Bearer s3cret-value"
        system, user = one["body"]["messages"]
        assert user["content"][1]["image_url"]["url"].startswith("data:image/png;base64,")
        said = system["content"] + user["content"][0]["text"]
        assert "good.jsonl" not in said
        assert "poor" not in system["content"]
    # The key is in no file.
    for path in (data / "out").rglob("*"):
        assert not path.is_file() or b"s3cret" not in path.read_bytes()


def test_every_prompt_and_answer_is_kept(data, capfd):
    with serving("well", data / "log") as url:
        run(capfd, data, "--judge", f"j={url}#tiny", "--no-image")
    kept = [json.loads(x) for x in (data / "out" / "judgements.jsonl").read_text().splitlines()]
    sent = {one["body"]["messages"][1]["content"] for one in requests(data / "log")}
    assert {one["prompt"] for one in kept} == sent
    assert all(one["answers"][0].startswith("Here it is") for one in kept)
    orders = {(one["sample"], tuple(one["order"])) for one in kept}
    assert len(orders) == 2 * SAMPLES  # each sample in both orders
    with (data / "out" / "ratings.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4 * SAMPLES
    assert {float(row["final"]) for row in rows if row["model"] == "good"} == {4.0}


def test_a_judge_that_prefers_the_first_is_found_out(data, capfd):
    with serving("biased", data / "log") as url:
        found = run(capfd, data, "--judge", f"j={url}#tiny")[1]["review"]
    assert found["order_bias"]["final"]["value"] == pytest.approx(1)
    assert found["judges"]["j"]["order_bias"]["granularity"]["low"] == pytest.approx(1)
    final = next(one for one in found["comparisons"] if one["measure"] == "final")
    assert final["mean"]["value"] == pytest.approx(2)  # balanced orders keep it out of this


def test_two_judges_agree_as_much_as_they_do(data, capfd):
    with serving("well", data / "a") as one, serving("biased", data / "b") as two:
        found = run(capfd, data, "--judge", f"x={one}#m", f"y={two}#m")[1]["review"]
    alpha = found["agreement"]["final"]
    assert 0 < alpha < 1
    assert found["judges"]["x"]["consistency"]["final"] == pytest.approx(1)
    assert found["judges"]["y"]["consistency"]["final"] < 1


@pytest.mark.parametrize("mode", ["flaky", "half", "prose", "slow_once"])
def test_what_passes_is_got_over(mode, data, capfd, monkeypatch):
    monkeypatch.setattr(Endpoint, "pause", staticmethod(lambda seconds: None), raising=False)
    monkeypatch.setattr("leapcasa.runs.review.judges.LONGEST_PAUSE_S", 0.01)
    with serving(mode, data / "log") as url:
        code, found, _ = run(capfd, data, "--judge", f"j={url}#t", "--timeout", 1,
                             "--concurrency", 1 if mode != "slow_once" else 4)  # fmt: skip
    assert code == 0
    assert found["review"]["unusable"] == 0
    assert found["review"]["models"]["good"]["final"]["value"] == 4
    assert len(requests(data / "log")) > 2 * SAMPLES
    if mode == "prose":
        assert found["review"]["judges"]["j"]["asked_again"] == 2 * SAMPLES


def test_answers_that_never_help_are_kept_and_told(data, capfd):
    with serving("always_prose", data / "log") as url:
        code, found, err = run(capfd, data, "--judge", f"j={url}#t", "--limit", 2)
    assert code == 1
    assert "no judgement could be used" in found["error"]
    assert "no JSON object" in err
    kept = (data / "out" / "judgements.jsonl").read_text().splitlines()
    assert len(kept) == 4
    assert all(len(json.loads(line)["answers"]) == 3 for line in kept)


@pytest.mark.parametrize("mode", ["garbage", "silent"])
def test_a_server_that_never_answers_stops_the_review(mode, data, capfd, monkeypatch):
    monkeypatch.setattr("leapcasa.runs.review.judges.LONGEST_PAUSE_S", 0.01)
    monkeypatch.setattr("leapcasa.runs.review.judges.PATIENCE", 2)
    with serving(mode, data / "log") as url:
        code, found, _ = run(capfd, data, "--judge", f"j={url}#t", "--timeout", 0.3)
    assert code == 1
    assert "no answer of" in found["error"]


def test_a_wrong_key_stops_at_once_with_what_the_server_said(data, capfd):
    with serving("forbidden", data / "log") as url:
        code, found, _ = run(capfd, data, "--judge", f"j={url}#t", "--concurrency", 1)
    assert code == 2
    assert "401" in found["error"]
    assert "bad key" in found["error"]
    assert len(requests(data / "log")) == 1


def test_nobody_at_the_address(monkeypatch):
    judge = Endpoint(label="j", base="http://127.0.0.1:9/v1", model="m", pause=lambda s: None)
    asked = question.question(rubric(), "t", "r", ["a", "b"])
    with pytest.raises(ModelError, match="no answer of"):
        judge.ask(asked, None, 0)


def test_local_models_plan_and_judge(small_checkpoint, data, capfd):
    """A random model judges nothing usable; its words are kept and the rest is told."""
    arguments = ["--data", data / "data.jsonl", "--limit", 2, "--out", data / "out",
                 "--model", f"a={small_checkpoint}", f"b={small_checkpoint}",
                 "--set", "b.most_pixels=65536", "--max-new-tokens", 6,
                 "--judge", f"l={small_checkpoint}", "--rounds", 1]  # fmt: skip
    code = cli.main(["plan", "review", *map(str, arguments), "--json"])
    found = json.loads(capfd.readouterr().out)
    assert code == 1
    assert "no judgement could be used" in found["error"]
    plans = (data / "out" / "plans" / "plans.jsonl").read_text().splitlines()
    assert len(plans) == 4
    kept = [json.loads(x) for x in (data / "out" / "judgements.jsonl").read_text().splitlines()]
    assert len(kept) == 2
    assert all(one["completion_tokens"] > 0 for one in kept)


def test_leaps_own_csv_is_read(data, capfd):
    path = data / "outputs.csv"
    head = ["model_name", "sample_idx", "image_paths", "prompt_text", "model_output",
            "reference_steps"]  # fmt: skip
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, head)
        writer.writeheader()
        for model in ("Baseline", "checkpoint-200"):
            for number in range(2):
                row = [
                    model,
                    number,
                    f"{number}.png",
                    "Task name: wash it. Based on the image ...",
                    f"1) good {model}",
                    "1) x",
                ]
                writer.writerow(dict(zip(head, row, strict=True)))
    samples, plans = read_csv(path)
    assert [sample.task for sample in samples] == ["wash it"] * 2
    assert samples[0].image == data / "0.png"
    assert plans["checkpoint-200"]["1"] == "1) good checkpoint-200"
    with serving("well", data / "log") as url:
        code = cli.main(["plan", "review", "--csv", str(path), "--judge", f"j={url}#t",
                         "--out", str(data / "out"), "--json"])  # fmt: skip
    found = json.loads(capfd.readouterr().out)
    assert code == 0
    assert set(found["review"]["models"]) == {"Baseline", "checkpoint-200"}


def test_what_a_model_wrote_is_never_taken_for_a_placeholder():
    asked = question.question(rubric(), "T {plans}", "R", ["{task} {form}", "b"])
    assert "T {plans}" in asked.text
    assert "Plan A:\n{task} {form}" in asked.text


def test_orders_are_balanced_and_the_same_for_one_seed():
    models = ["a", "b", "c"]
    orders = [order(models, "s", turn, 0) for turn in range(3)]
    for place in range(3):
        assert {one[place] for one in orders} == set(models)
    assert orders == [order(list(reversed(models)), "s", turn, 0) for turn in range(3)]
    firsts = [order(models, str(i), 0, 0)[0] for i in range(300)]
    assert all(70 < firsts.count(model) < 130 for model in models)


ONE = dict.fromkeys(CRITERIA, 3)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (json.dumps({"scores": {"A": ONE, "B": ONE}}), ""),
        ("x {y} " + json.dumps({"A": ONE, "Plan B": ONE}) + " z", ""),
        (json.dumps({"scores": {"A": {**ONE, "granularity": "4"}, "B": ONE}}), ""),
        (json.dumps({"scores": {"A": ONE}}), "no scores for plan B"),
        (json.dumps({"scores": {"A": {**ONE, "granularity": 6}, "B": ONE}}), "not 1 to 5"),
        (json.dumps({"scores": {"A": {**ONE, "granularity": True}, "B": ONE}}), "no number"),
        ('{"scores": {"A": {"completeness": NaN}, "B": 1}}', "plan A has nan"),
        (json.dumps({"scores": [ONE, ONE]}), "no scores for plan A"),
        ("", "no JSON object"),
        ("{" * 5000, "no JSON object"),
    ],
)
def test_answers_are_read_or_refused(answer, problem):
    if problem:
        with pytest.raises(UnusableAnswer, match=problem):
            scores(answer, ("A", "B"))
    else:
        found = scores(answer, ("A", "B"))
        assert len(found) == 2
        assert found[1]["final"] == 3


BAD = {
    "no judge": ([], "at least one judge"),
    "no model of the server": (["--judge", "j=http://127.0.0.1:9/v1"], "say which model"),
    "two judges": (["--judge", "j=http://a#m", "j=http://b#m"], "two judges"),
    "price": (["--judge", "j=http://a#m", "--price", "j=cheap"], "dollars per million"),
    "price of nobody": (["--judge", "j=http://a#m", "--price", "k=1,2"], "JUDGE one of j"),
    "rounds": (["--judge", "j=http://a#m", "--rounds", "0"], "--rounds 0"),
    "twice": (["--judge", "j=http://a#m", "--plans", "good.jsonl"], "is there twice"),
    "rubric": (["--judge", "j=http://a#m", "--rubric", "data.jsonl"], "{form}"),
    "plans that are none": (["--judge", "j=http://a#m", "--plans", "x=0.png"], "needs id and plan"),
    "no weights": (["--judge", "j=http://a#m", "--model", "m=./nowhere"], "nowhere"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_exits_2_and_leaves_nothing(name, data, capfd, monkeypatch):
    monkeypatch.chdir(data)
    arguments, message = BAD[name]
    code, found, _ = run(capfd, data, *arguments)
    assert code == 2
    assert message in found["error"]
    assert not (data / "out").exists()
