"""Writes a LeRobot data set from staged episodes. Runs in LeRobot's environment, without leapcasa.

    python lerobot_writer.py --check
    python lerobot_writer.py --plan PLAN.json

The plan names the staged episodes, the columns and the place. The data set is made by LeRobot's own
`LeRobotDataset`, then opened again with it and compared with what was staged. Subtasks are the
column `subtask_index` and `meta/subtasks.parquet`, which LeRobot 0.4.4 to 0.5 turns into the item
`subtask`. The last line on stdout is one JSON object. Nothing is sent anywhere.
"""

import argparse
import io
import json
import os
import sys
from pathlib import Path

import numpy as np

os.environ.setdefault("HF_HUB_OFFLINE", "1")


def dataset_class():
    """LeRobot's class, wherever this version keeps it."""
    from lerobot.datasets.lerobot_dataset import LeRobotDataset  # pyright: ignore

    return LeRobotDataset


def version():
    """LeRobot's version."""
    import importlib.metadata

    return importlib.metadata.version("lerobot")


class Staged:
    """One staged episode."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.told = json.loads((self.folder / "episode.json").read_text())
        with np.load(self.folder / "arrays.npz", allow_pickle=False) as arrays:
            self.arrays = {name: arrays[name] for name in arrays.files}

    def __len__(self):
        return int(self.told["frames"])

    def picture(self, view, step):
        """(H, W, 3) uint8 RGB."""
        from PIL import Image

        begins = self.arrays[f"begins.{view}"]
        with open(self.folder / f"{view}.png", "rb") as file:
            file.seek(int(begins[step]))
            data = file.read(int(begins[step + 1] - begins[step]))
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def write(plan, episodes, texts):
    """Make the data set."""
    features = {
        key: {**feature, "shape": tuple(feature["shape"])}
        for key, feature in plan["features"].items()
    }
    dataset = dataset_class().create(
        repo_id=plan["repo_id"],
        fps=plan["fps"],
        features=features,
        root=plan["out"],
        robot_type=plan["robot_type"],
        use_videos=not plan["lossless"],
    )
    for number, episode in enumerate(episodes):
        told = episode.told["subtasks"]
        for step in range(len(episode)):
            subtask = texts[told[int(episode.arrays["subtask"][step])]]
            frame = {key: episode.picture(view, step) for key, view in plan["images"].items()}
            frame |= {key: episode.arrays[key][step] for key in plan["columns"]}
            frame["subtask_index"] = np.array([subtask], np.int64)
            frame["next.reward"] = np.array([episode.arrays["reward"][step]], np.float32)
            frame["next.done"] = np.array([step == len(episode) - 1], bool)
            dataset.add_frame({**frame, "task": episode.told["task"]})
        dataset.save_episode()
        print(f"wrote {number + 1}/{len(episodes)} {episode.told['name']}", flush=True)
    if hasattr(dataset, "finalize"):
        dataset.finalize()


def write_subtasks(plan, texts):
    """`meta/subtasks.parquet` as LeRobot reads it: the words are the index."""
    import pandas as pd  # pyright: ignore

    words = pd.Index(list(texts), name="subtask")
    frame = pd.DataFrame({"subtask_index": list(texts.values())}, index=words)
    frame.to_parquet(Path(plan["out"]) / "meta" / "subtasks.parquet")


def check(plan, episodes, texts):
    """Open what was written and hold it against what was staged; what was found."""
    dataset = opened(plan)
    rows = dataset.hf_dataset.with_format(None)
    total = sum(len(episode) for episode in episodes)
    if len(rows) != total:
        raise SystemExit(f"the data set has {len(rows)} frames, {total} were given")
    for key in plan["columns"]:
        given = np.concatenate([episode.arrays[key] for episode in episodes])
        if not np.array_equal(np.asarray(rows[key], np.float32), given):
            raise SystemExit(f"column {key} did not come back as it was given")
    worst, why, start = None, "", 0
    words = {index: text for text, index in texts.items()}
    try:
        for episode in episodes:
            for step in {0, len(episode) // 2, len(episode) - 1}:
                item = dataset[start + step]
                expected = words[int(item["subtask_index"])]
                if item.get("subtask", expected) != expected:
                    raise SystemExit(f"subtask of frame {start + step} is {item['subtask']!r}")
                for key, view in plan["images"].items():
                    got = np.asarray(item[key]).transpose(1, 2, 0) * 255.0
                    noise = psnr(got, episode.picture(view, step))
                    worst = noise if worst is None else min(worst, noise)
            start += len(episode)
    except (ImportError, RuntimeError, OSError) as error:
        why = f"pictures could not be read back: {error}"
    return {"frames": total, "worst_psnr_db": worst, "unchecked": why[:400],
            "subtask_item": "subtask" in dataset[0] if not why else None}  # fmt: skip


def opened(plan):
    """The data set, with the decoder that needs no ffmpeg of the system where there is one."""
    make = dataset_class()
    try:
        return make(plan["repo_id"], root=plan["out"], video_backend="pyav")
    except (TypeError, ValueError):
        return make(plan["repo_id"], root=plan["out"])


def psnr(got, given):
    """Of two pictures in 0..255 [dB], 99 for equal ones."""
    error = float(np.mean((got - given.astype(np.float64)) ** 2))
    return 99.0 if error < 1e-3 else round(10 * float(np.log10(255**2 / error)), 2)


def main():
    """Write the planned data set, or say which LeRobot this is."""
    parser = argparse.ArgumentParser(description="Write a LeRobot data set from staged episodes.")
    parser.add_argument("--check", action="store_true", help="say the version and stop")
    parser.add_argument("--plan", type=Path, help="what to write")
    options = parser.parse_args()
    if options.check:
        dataset_class()
        print(json.dumps({"lerobot": version()}))
        return 0
    plan = json.loads(options.plan.read_text())
    episodes = [Staged(folder) for folder in plan["episodes"]]
    texts = {}
    for episode in episodes:
        for text in episode.told["subtasks"]:
            texts.setdefault(text, len(texts))
    write(plan, episodes, texts)
    write_subtasks(plan, texts)
    for name, content in plan["extra"].items():
        (Path(plan["out"]) / name).write_text(json.dumps(content, indent=1) + "\n")
    print(json.dumps({"lerobot": version(), "subtasks": texts, **check(plan, episodes, texts)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
