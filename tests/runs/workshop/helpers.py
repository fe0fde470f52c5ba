"""A small data set and a tiny model, made by several tests of this folder."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from leapcasa.agent import prompts
from leapcasa.runs.workshop import rows
from leapcasa.vlm.small import SmallConfig, build

TASKS = {
    "Rinse the mug": ["Pick the mug and place it in the sink", "Turn on the sink faucet"],
    "Open the fridge": ["Open the fridge door"],
    "Put the apple in the bowl": ["Pick the apple from the counter and place it in the bowl"],
    "Start the microwave": ["Close the microwave door", "Turn on the microwave"],
}  # fmt: skip
QUICK = (
    "--batch-size", "2", "--accumulation", "1", "--learning-rate", "0.005", "--warmup-steps", "2",
    "--epochs", "1000", "--log-steps", "1", "--most-pixels", "9216", "--least-pixels", "1024",
    "--device", "cpu",
)  # fmt: skip


def picture(path: Path, seed: int, side: int = 64) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return path


def data_set(folder: Path, template: str = "short-1") -> Path:
    """train.jsonl and val.jsonl of four tasks with pictures."""
    known = prompts.load(template)
    made = []
    for number, (task, steps) in enumerate(TASKS.items()):
        picture(folder / f"images/{number}.png", number)
        made.append(
            rows.as_json(
                known.text(task),
                "\n".join(f"{n}) {step}" for n, step in enumerate(steps, 1)),
                [f"images/{number}.png"],
                instruction=task,
                template=known.name,
                template_sha256=known.digest,
            )
        )
    rows.write(folder / "train.jsonl", made)
    rows.write(folder / "val.jsonl", made[:2])
    return folder


def tiny(folder: Path, texts: list[str] | None = None) -> Path:
    """A model with 0.4 million parameters."""
    config = SmallConfig(
        vocab_size=600, text_width=64, text_mlp=128, text_layers=2, text_heads=2, text_kv_heads=1,
        vision_width=32, vision_mlp=64, vision_layers=2, vision_heads=2, deepstack=(0,),
    )  # fmt: skip
    texts = texts or [f"{task} {' '.join(steps)} " for task, steps in TASKS.items()] * 20
    return build(folder, config, texts=texts)


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]
