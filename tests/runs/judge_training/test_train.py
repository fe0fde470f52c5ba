"""`judge train`: QLoRA and from scratch, end to end on small models, resumed, and then used."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from leapcasa.configs import ConfigError
from leapcasa.judges.base import COMPLETE, NOT_COMPLETE
from leapcasa.runs.cli import main
from leapcasa.runs.clip_files import Span, read_clip
from leapcasa.runs.judge_training.frames import FrameStore
from leapcasa.runs.judge_training.recipes import RECIPES, named
from leapcasa.runs.judge_training.run import TrainRequest, Watch, run
from leapcasa.runs.training_folder import read_history
from leapcasa.vlm.pixels import resized

FRAMES, SIZE = 4, 32
TINY = [
    "small.text_width=64", "small.text_mlp=128", "small.text_layers=2", "small.text_heads=2",
    "small.text_kv_heads=1", "small.vision_width=64", "small.vision_mlp=128",
    "small.vision_layers=2", "small.vision_heads=2", "small.deepstack=[0]",
]  # fmt: skip
SHOWN = [f"judge.frames={FRAMES}", f"judge.size={SIZE}"]
QUICK = ["save_steps=3", "eval_steps=3", "log_steps=1", "warmup_steps=0", "max_steps=6"]


def clip(rng: np.random.Generator, lit: bool) -> np.ndarray:
    """A lamp that is on or off in the newest frames; before, it is the other way."""
    made = rng.integers(0, 60, (FRAMES, SIZE, SIZE, 3), dtype=np.uint8)
    half = slice(FRAMES // 2, None) if lit else slice(0, FRAMES // 2)
    made[half, 8:24, 8:24] = 250
    return made


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    rng = np.random.default_rng(0)
    for name, count in (("train", 48), ("val", 8)):
        rows = []
        for index in range(count):
            lit = index % 2 == 0
            row = {"id": f"{name}{index}", "instruction": "Turn on the lamp.",
                   "label": COMPLETE if lit else NOT_COMPLETE,
                   "phase": "stable_complete_30" if lit else "hard_negative"}  # fmt: skip
            for view in ("right", "left"):
                np.save(folder / f"{name}{index}.{view}.npy", clip(rng, lit))
                row[view] = f"{name}{index}.{view}.npy"
            rows.append(json.dumps(row))
        (folder / f"{name}.jsonl").write_text("\n".join(rows))
    return folder


def request(data: Path, out: Path, name: str, *sets: str, **more: Any) -> TrainRequest:
    recipe = named(name, [*SHOWN, *QUICK, *sets])
    return TrainRequest(data=data, out=out, recipe=recipe, device="cpu", **more)


def losses(out: Path) -> dict[str, list[tuple[int, float]]]:
    """Every number of the log that training decides, by its name."""
    found: dict[str, list[tuple[int, float]]] = {}
    for line in read_history(out / "history.jsonl"):
        for key in ("loss", "eval_loss", "accuracy"):
            if key in line:
                found.setdefault(key, []).append((line["step"], line[key]))
    return found


# QLoRA -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def qlora(data: Path, small_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The card's recipe by the command line, on a small model of the same class."""
    out = tmp_path_factory.mktemp("qlora") / "run"
    sets = [*SHOWN, *QUICK, "accumulation=2", "learning_rate=0.003"]
    arguments = [part for text in sets for part in ("--set", text)]
    command = ["judge", "train", str(data), "--out", str(out), "--recipe", "card", "--device",
               "cpu", "--base-model", str(small_checkpoint), "--json", *arguments]  # fmt: skip
    assert main(command) == 0
    return out


def test_qlora_trains_factors_alone_in_4_bit(qlora: Path, small_checkpoint: Path) -> None:
    facts = json.loads((qlora / "train.json").read_text())
    assert facts["state"] == "done"
    assert facts["asked"]["recipe"]["judge"]["quantization"] == "nf4"
    assert facts["precision"] == "float32"  # on a CPU
    assert 0 < facts["parameters"]["trainable"] < 0.1 * facts["parameters"]["total"]
    assert facts["samples"] == 96  # a sample a view
    assert sorted(p.name for p in (qlora / "adapter").glob("*.safetensors")) == [
        "adapter_model.safetensors"
    ]
    assert [step for step, _ in losses(qlora)["loss"]] == [1, 2, 3, 4, 5, 6]
    assert [step for step, _ in losses(qlora)["accuracy"]] == [3, 6]
    assert (qlora / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_the_adapter_loads_at_once_and_judges_as_it_did_in_training(
    qlora: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "eval"
    manifest = data / "val.jsonl"
    code = main(["judge", "eval", str(manifest), "--config", str(qlora / "judge.yaml"),
                 "--device", "cpu", "--out", str(out), "--json"])  # fmt: skip
    assert code == 0
    found = json.loads(capsys.readouterr().out)
    assert found["model"]["adapter"] == str(qlora / "adapter")
    assert found["model"]["quantization"] == "nf4"
    best = next(m for m in found["methods"] if m["method"] == found["primary"])
    last = [e for e in read_history(qlora / "history.jsonl") if "accuracy" in e][-1]
    assert last["method"] == found["primary"] == "right_left_mean_normalized_nll"
    assert last["clips"] == 8
    assert last["accuracy"] == best["accuracy"]["overall"]["value"]
    assert set(last["phases"]) == {"stable_complete_30", "hard_negative"}


def test_qlora_runs_in_bfloat16_as_on_a_gpu(
    data: Path, small_checkpoint: Path, tmp_path: Path
) -> None:
    sets = [f"judge.base_model={small_checkpoint}", "precision=bfloat16", "max_steps=2"]
    facts = run(request(data, tmp_path / "a", "card", *sets, "accumulation=1", eval_clips=2))
    assert facts["precision"] == "bfloat16"
    assert facts["check"]["clips"] == 2
    assert 0 < facts["last_loss"] < 20


# from scratch ------------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", ["card", "embedded"])
def test_a_resumed_training_has_the_losses_of_an_uninterrupted_one(
    recipe: str, data: Path, small_checkpoint: Path, tmp_path: Path
) -> None:
    sets = TINY if recipe == "embedded" else [
        f"judge.base_model={small_checkpoint}", "judge.quantization=none", "judge.dtype=float32",
        "accumulation=2", "lora.dropout=0.2"]  # fmt: skip
    whole = request(data, tmp_path / "a", recipe, *sets, eval_clips=4)
    assert run(whole)["state"] == "done"
    steps: list[int] = []
    stopping = Watch(step=lambda step, _: steps.append(step), stop=lambda: steps[-1] >= 4)
    parts = replace(whole, out=tmp_path / "b")
    assert run(parts, stopping)["state"] == "stopped"
    assert steps[-1] == 4
    # Killed behind its checkpoint, the log may say more than the checkpoint knows.
    with (tmp_path / "b/history.jsonl").open("a") as stream:
        stream.write('{"step": 5, "loss": 9.9}\n{"step": 6, "lo')
    assert run(parts)["state"] == "done"
    assert losses(tmp_path / "a") == losses(tmp_path / "b")
    assert len(losses(tmp_path / "a")["loss"]) == 6
    for name in ("model", "adapter"):
        for path in (tmp_path / "a" / name).glob("*.safetensors"):
            assert path.read_bytes() == (tmp_path / "b" / name / path.name).read_bytes()


def test_a_small_judge_from_scratch_learns_what_is_there_to_learn(
    data: Path, tmp_path: Path
) -> None:
    sets = [
        *TINY,
        "max_steps=140",
        "eval_steps=140",
        "save_steps=140",
        "learning_rate=0.003",
        "small.initial_scale=0.06",
    ]
    facts = run(request(data, tmp_path / "a", "embedded", *sets))
    assert facts["check"]["accuracy"] == 1.0
    assert facts["last_loss"] < 0.2 * facts["first_loss"]


def test_a_training_killed_for_good_goes_on(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    sets = [*SHOWN, *QUICK, *TINY, "max_steps=5000", "save_steps=2", "eval_steps=5000"]
    arguments = [part for text in sets for part in ("--set", text)]
    code = "import sys; from leapcasa.runs.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "judge", "train", str(data), "--out", str(out)]
    command += ["--recipe", "embedded", "--device", "cpu", "--eval-clips", "0", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    wait(lambda: (out / "checkpoints/checkpoint-4/trainer_state.json").exists())
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL
    seen: list[int] = []
    watch = Watch(step=lambda step, _: seen.append(step), stop=lambda: len(seen) >= 2)
    same = TrainRequest(data=data, out=out, recipe=named("embedded", sets), device="cpu",
                        eval_clips=0)  # fmt: skip
    assert run(same, watch)["state"] == "stopped"
    assert seen[0] % 2 == 1  # behind a checkpoint, and not from the start
    assert seen[0] > 4
    steps = [e["step"] for e in read_history(out / "history.jsonl")]
    assert steps == list(range(1, seen[-1] + 1))


def test_a_training_goes_on_from_another_ones_weights_on_longer_clips(
    data: Path, tmp_path: Path
) -> None:
    short = request(data, tmp_path / "a", "embedded", *TINY, "judge.frames=2", eval_clips=0)
    assert run(short)["state"] == "done"
    saved = tmp_path / "a/model"
    assert {t.dtype for t in load_file(saved / "model.safetensors").values()} == {torch.float16}
    recipe = named("embedded", [*SHOWN, *QUICK, f"judge.base_model={saved}", "freeze_vision=true"])
    whole = TrainRequest(data=data, out=tmp_path / "b", device="cpu", eval_clips=0,
                         recipe=replace(recipe, small=None, save_dtype=None))  # fmt: skip
    assert run(whole)["state"] == "done"
    before = load_file(saved / "model.safetensors")
    after = load_file(tmp_path / "b/model/model.safetensors")
    same = {k for k in before if torch.equal(before[k].float(), after[k].float())}
    assert {k for k in before if ".visual." in k} <= same
    assert any(k not in same for k in before)


def test_what_the_store_gives_is_what_the_film_gives(film: Any, tmp_path: Path) -> None:
    frames = film(40, size=64)
    np.save(tmp_path / "a.npy", frames)
    store = FrameStore(tmp_path / "frames", 32)
    for end in (39, 20, 1):
        span = Span(end=end)
        plain = read_clip(tmp_path / "a.npy", 8, span).clip
        for _ in range(2):
            assert np.array_equal(store.clip(tmp_path / "a.npy", 8, span), resized(plain, 32))
    assert len(list((tmp_path / "frames").iterdir())) == 1
    kept = store.clip(tmp_path / "a.npy", 8, None)
    assert np.array_equal(kept, read_clip(tmp_path / "a.npy", 8).clip)
    later = Span(begin=5, end=9)
    assert np.array_equal(store.clip(tmp_path / "a.npy", 8, later), frames[5:10])


def wait(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 240
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.1)


# bad input ---------------------------------------------------------------------------------------


def test_another_training_in_the_same_folder_is_refused(data: Path, tmp_path: Path) -> None:
    first = request(data, tmp_path / "a", "embedded", *TINY, "max_steps=1", eval_clips=0)
    run(first)
    before = (tmp_path / "a/train.json").read_bytes()
    with pytest.raises(ConfigError, match="other recipe"):
        run(replace(first, recipe=named("embedded", [*SHOWN, *TINY, "max_steps=2"])))
    assert (tmp_path / "a/train.json").read_bytes() == before
    (tmp_path / "b").mkdir()
    (tmp_path / "b/mine.txt").touch()
    with pytest.raises(ConfigError, match="not empty"):
        run(replace(first, out=tmp_path / "b"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("car", "", "did you mean 'card'"),
        ("card", "learning_rat=1", "did you mean 'learning_rate'"),
        ("card", "lora.ranks=1", "did you mean 'rank'"),
        ("embedded", "lora.rank=1", "without LoRA"),
        ("card", "small.text_width=1", "begins from a checkpoint"),
        ("embedded", "learning_rate=fast", "float is wanted"),
        ("embedded", "batch_size=0", "at least 1"),
        ("card", "lora", "give key=value"),
    ],
)
def test_bad_recipes_are_told(name: str, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        named(name, [text] if text else [])


def test_the_cards_figures() -> None:
    recipe = RECIPES["card"].recipe
    assert recipe.batch_size * recipe.accumulation == 28416 / 3552
    assert (recipe.seed, recipe.epochs) == (5090, 1.0)
    assert RECIPES["card"].judge["quantization"] == "nf4"
    assert named("card", ["learning_rate=2e-4"]).recipe.learning_rate == 2e-4
    assert named("card", ["lora.rank=8"]).recipe.lora.rank == 8  # pyright: ignore


def test_missing_data_is_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    code = main(["judge", "train", str(tmp_path / "x"), "--out", str(tmp_path / "o")])
    assert code == 2
    assert "x" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()
    assert os.listdir(tmp_path) == []
