"""`plan train` and `plan ablate`: real training of a tiny Qwen3-VL, stopped, gone on with, used."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import QUICK, TASKS, data_set, lines, picture

from leapcasa.configs import ConfigError
from leapcasa.runs.workshop import train_command, training_data


def train(command, model: Path, data: Path, out: Path, *more: str):
    return command(
        "plan", "train", str(data), "--model", str(model), "--out", str(out), *QUICK, *more
    )


def losses(out: Path) -> dict[float, float]:
    return {e["step"]: e["loss"] for e in lines(out / "history.jsonl") if "loss" in e}


def test_what_was_learned_is_what_the_planner_says(command, tiny_model, tmp_path):
    data, out = data_set(tmp_path / "data"), tmp_path / "run"
    code, told, _ = train(command, tiny_model, data, out, "--max-steps", "120")
    assert code == 0
    assert told["last_loss"] < 0.1 < told["first_loss"]
    assert told["template"] == "short-1"
    assert told["state"] == "done"
    assert {"curves.png", "curves.svg", "planner.yaml", "train.json"} <= {
        p.name for p in out.iterdir()
    }
    assert (out / "curves.png").read_bytes()[:4] == b"\x89PNG"
    for number, (task, steps) in enumerate(TASKS.items()):
        code, plan, _ = command(
            "plan", "make", task, "--image", str(data / f"images/{number}.png"),
            "--config", str(out / "planner.yaml"), "--set", "planner.options.fallback=none",
        )  # fmt: skip
        assert code == 0
        assert plan["subtasks"] == steps
        assert plan["made_by"] == "leap"
    again, same, _ = train(command, tiny_model, data, out, "--max-steps", "120")
    assert again == 0
    assert same["seconds"] == told["seconds"]  # nothing was trained again


def test_a_stopped_run_goes_on_with_the_losses_of_one_that_was_not(tiny_model, tmp_path):
    data = data_set(tmp_path / "data")
    arguments = [sys.executable, "-m", "leapcasa.runs", "plan", "train", str(data), "--model",
                 str(tiny_model), *QUICK, "--max-steps", "40", "--save-steps", "1000",
                 "--eval-steps", "20", "--checkpointing", "--out"]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    out = tmp_path / "stopped"
    first = subprocess.Popen(
        [*arguments, str(out)], env=environment, stderr=subprocess.PIPE, text=True
    )
    history = out / "history.jsonl"
    deadline = time.monotonic() + 120
    while not (history.exists() and history.read_text().count("\n") >= 5):
        assert first.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    first.send_signal(signal.SIGINT)
    _, said = first.communicate(timeout=120)
    assert first.returncode == 130, said
    assert "the same command goes on" in said
    state = json.loads((out / "train.json").read_text())
    assert state["state"] == "stopped"
    assert 3 <= state["steps"] < 40
    assert (out / f"checkpoints/checkpoint-{state['steps']}/model.safetensors").is_file()
    for folder in (out, tmp_path / "whole"):
        done = subprocess.run([*arguments, str(folder)], env=environment, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
    assert sorted(losses(out)) == sorted(losses(tmp_path / "whole")) == list(range(1, 41))
    assert losses(out) == pytest.approx(losses(tmp_path / "whole"), rel=1e-5, abs=1e-7)


def test_lora_trains_few_weights_and_the_planner_takes_the_adapter(command, tiny_model, tmp_path):
    data, out = data_set(tmp_path / "data"), tmp_path / "run"
    code, told, _ = train(
        command, tiny_model, data, out, "--preset", "light", "--max-steps", "3", "--lora-rank", "2",
        "--merge",
    )  # fmt: skip
    assert code == 0
    assert told["parameters"]["trainable"] < told["parameters"]["total"] / 50
    assert told["bytes"] < told["merged_bytes"] / 5
    adapter = json.loads((out / "adapter/adapter_config.json").read_text())
    assert adapter["r"] == 2
    assert set(adapter["target_modules"]) == {"q_proj", "v_proj"}
    code, plan, _ = command(
        "plan", "make", "Rinse the mug", "--image", str(data / "images/0.png"),
        "--config", str(out / "planner.yaml"), "--set", "planner.options.constrained=true",
        "--set", "planner.options.max_new_tokens=20",
    )  # fmt: skip
    assert code == 0
    assert plan["options"]["base_model"] == str(out / "model")


def test_a_folder_of_another_run_is_left_alone(command, tiny_model, tmp_path):
    data, out = data_set(tmp_path / "data"), tmp_path / "run"
    assert train(command, tiny_model, data, out, "--max-steps", "1")[0] == 0
    before = (out / "train.json").read_bytes()
    code, told, _ = train(command, tiny_model, data, out, "--max-steps", "2")
    assert code == 2
    assert "other recipe" in told["error"]
    assert (out / "train.json").read_bytes() == before
    other = tmp_path / "mine"
    other.mkdir()
    (other / "thesis.txt").write_text("do not touch")
    code, told, _ = train(command, tiny_model, data, other, "--max-steps", "1")
    assert code == 2
    assert "is not empty" in told["error"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (["--preset", "ful"], "unknown preset 'ful'; did you mean 'full'"),
        (["--lora-rank", "4"], "has no LoRA factors"),
        (["--preset", "light", "--lora-targets", "kv"], "no layers called kv"),
        (["--batch-size", "0"], "batch_size must be at least 1"),
        (["--quantization", "nf4"], "choose a LoRA preset"),
        (["--template", "leap-9"], "unknown template"),
    ],
)
def test_bad_requests_are_told_before_anything_is_written(command, tiny_model, tmp_path, more, why):
    out = tmp_path / "run"
    code, told, _ = train(command, tiny_model, data_set(tmp_path / "data"), out, *more)
    assert code == 2
    assert why in told["error"]
    assert not (out / "checkpoints").exists()


def test_rows_that_cannot_be_trained_on_are_counted_and_left_out(command, tiny_model, tmp_path):
    data, out = data_set(tmp_path / "data"), tmp_path / "run"
    row = json.loads((data / "train.jsonl").read_text().splitlines()[0])
    long = json.loads(json.dumps(row))
    long["messages"][0]["content"][1]["text"] = "many words " * 500
    gone = json.loads(json.dumps(row).replace("images/0.png", "images/none.png"))
    empty = {**row, "target": {"steps": ""}}
    with (data / "train.jsonl").open("a") as stream:
        stream.write("{no json\n" + "\n".join(map(json.dumps, (long, gone, empty))) + "\n")
    code, told, said = train(
        command, tiny_model, data, out, "--max-steps", "1", "--max-length", "300"
    )
    assert code == 0
    assert told["samples"] == 4
    assert told["dropped"] == {"no JSON": 1, "too long": 1, "image": 1, "target": 1}
    assert "left out: 1 rows, too long" in said


def test_files_are_repeated_and_told_in_another_template(tmp_path):
    from leapcasa.agent import prompts

    data = data_set(tmp_path / "data")
    sources = [training_data.source(f"{data}/train.jsonl:3"), training_data.source(str(data))]
    assert [s.times for s in sources] == [3, 1]
    assert training_data.template_of(sources).name == "short-1"
    assert training_data.validation(sources, None).path == data / "val.jsonl"
    leap = prompts.load("leap-1")
    row = training_data._parsed(sources[1:])[0]
    assert training_data.told(row, leap).text == leap.text("Rinse the mug")
    # LEAP's own rows name no instruction: it stands between the marks.
    bare = json.loads((data / "train.jsonl").read_text().splitlines()[0])
    bare = {key: bare[key] for key in ("messages", "target")}
    (tmp_path / "bare.jsonl").write_text(json.dumps(bare) + "\n")
    (bare,) = training_data._parsed([training_data.source(str(tmp_path / "bare.jsonl"))])
    assert training_data.told(bare, leap).text == leap.text("Rinse the mug")
    assert training_data.template_of([training_data.source(str(tmp_path / "bare.jsonl"))]) is None
    with pytest.raises(ConfigError, match="there is no data"):
        training_data.source(str(tmp_path / "nothing.jsonl"))


def test_presets_take_changes_and_keep_three_checkpoints():
    changed = train_command.recipe_of("standard", {"seed": 5, "epochs": None}, {"rank": 4})
    assert (changed.seed, changed.lora.rank, changed.lora.alpha, changed.keep) == (5, 4, 32, 3)
    assert train_command.recipe_of("full", {"keep": 0}, {}).keep is None


def test_ablation_trains_each_preset_once_and_puts_them_in_one_table(command, tiny_model, tmp_path):
    data, out = data_set(tmp_path / "data"), tmp_path / "ablation"
    pairs = tmp_path / "pairs.jsonl"
    picture(tmp_path / "a.png", 5)
    case = {"id": "a", "instruction": "Open the fridge", "reference": ["Open the fridge door."]}
    pairs.write_text(json.dumps({**case, "right": "a.png"}) + "\n")
    asked = ["plan", "ablate", str(data), "--model", str(tiny_model), "--out", str(out), *QUICK,
             "--presets", "light", "full", "--steps", "2", "--file", str(pairs),
             "--max-new-tokens", "8"]  # fmt: skip
    code, told, _ = command(*asked)
    assert code == 0
    light, full = told["presets"]
    assert (light["preset"], full["preset"]) == ("light", "full")
    assert light["steps"] == full["steps"] == 2
    assert light["parameters"]["trainable"] < full["parameters"]["trainable"]
    assert light["bytes"] < full["bytes"]
    assert 0 <= full["figures"]["exact"] <= 1
    table = (out / "ablation.md").read_text()
    assert table.count("\n") == 4
    assert "| light" in table
    assert (out / "curves.png").read_bytes()[:4] == b"\x89PNG"
    before = {p: p.stat().st_mtime_ns for p in out.glob("*/train.json")}
    code, again, _ = command(*asked)
    assert code == 0
    assert again["presets"] == told["presets"]
    assert before == {p: p.stat().st_mtime_ns for p in out.glob("*/train.json")}
