"""One training run of a judge in a folder: begun, gone on with, finished.

train.json          what was asked, what came of it
history.jsonl       the log: losses, and accuracies by the judge's own rule
base/               the random checkpoint that a small judge begins from
checkpoints/        the Trainer's, to go on from
adapter/ or model/  what was trained
judge.yaml          a preset whose judge it is
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...envs.sensors import CONTROL_HZ, View
from ...judges.qwen3vl import PROMPT
from ...vlm.load import LoadConfig, LoadedModel, load
from ...vlm.prompt import ClipLayout
from ...vlm.tuning import adapter, checkpoint, trainer
from ...vlm.tuning.clips import ClipEncoder
from ...vlm.tuning.collate import Collator
from ...vlm.tuning.trainer import Hooks, Trained
from .. import manifest
from ..judge_setup import content_hash
from ..manifest import Row
from ..records import replace_file, write_json
from ..training_folder import CHECKPOINTS, TRAINING, History, claimed, newest
from ..workshop import curves
from .checking import QuickCheck
from .frames import FrameStore
from .recipes import JudgeRecipe
from .samples import ClipSamples

VIEWS: tuple[View, ...] = ("right", "left")


@dataclass(frozen=True, kw_only=True)
class TrainRequest:
    """What to train, on what, and where it goes."""

    data: Path
    """A folder with `train.jsonl` and `val.jsonl`, or a manifest."""
    out: Path
    recipe: JudgeRecipe
    device: str = "auto"
    views: tuple[View, ...] = VIEWS
    """Each view of a row is a sample."""
    eval_clips: int = 96
    """Rows of the validation that are judged every `eval_steps`; the published judge's number."""
    limit: int | None = None
    """Only so many rows of the training set."""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What the command shows while a run goes on."""

    began: Callable[[Mapping[str, Any]], None] = lambda facts: None
    entry: Callable[[Mapping[str, Any]], None] = lambda entry: None
    step: Callable[[int, int], None] = lambda step, total: None
    stop: Callable[[], bool] = lambda: False


def run(request: TrainRequest, watch: Watch | None = None) -> dict[str, Any]:
    """Train; goes on from the newest checkpoint of the same request.

    Returns:
        What `train.json` holds; `state` is `done` or `stopped`.

    Raises:
        ConfigError: for bad input, or a folder that holds another run.
        ModelError: if the training fails.
        RecordError: if files cannot be written.
    """
    watch = watch or Watch()
    rows, held_out = _rows(request)
    asked = stated(request)
    known = claimed(request.out, asked)
    if known.get("state") == "done":
        return known
    request.out.mkdir(parents=True, exist_ok=True)
    loaded = _loaded(request)
    options = request.recipe.judge
    encoder = ClipEncoder(loaded, layout(options))
    shown = {"prompt": options.get("prompt", PROMPT), "suffix": options.get("answer_suffix", "")}
    store = FrameStore(request.out / "frames", encoder.layout.size)
    samples = ClipSamples(rows, request.views, encoder, store, **shown)
    tests = ClipSamples(held_out, request.views, encoder, store, **shown) if held_out else None
    lengths = samples.lengths()
    model = adapter.prepared(loaded, request.recipe.recipe)
    precision = trainer.precision(request.recipe.recipe, loaded.device)
    facts: dict[str, Any] = {
        "state": "running",
        "asked": asked,
        "rows": len(rows),
        "samples": len(samples),
        "held_out": len(held_out),
        "tokens": sum(lengths),
        "parameters": asdict(adapter.size(model)),
        "device": str(loaded.device),
        "precision": precision,
    }
    write_json(request.out / TRAINING, facts)
    resume = newest(request.out)
    watch.began({**facts, "resume": resume})
    log = History(request.out, resume, watch.entry)
    check = QuickCheck(loaded, held_out, options, precision, store) if held_out else None
    done = trainer.train(
        model,
        samples,
        Collator(loaded.tokenizer.pad_token_id),
        request.recipe.recipe,
        base=_base(request),
        out=request.out / CHECKPOINTS,
        lengths=lengths,
        held_out=tests,
        resume=resume,
        hooks=_hooks(request, model, check, log, watch),
    )
    facts |= _figures(done, log.entries)
    if not done.stopped:
        facts |= _finished(request, model)
        curves.write(request.out, log.entries)
    facts["state"] = "stopped" if done.stopped else "done"
    write_json(request.out / TRAINING, facts)
    return facts


def layout(options: Mapping[str, Any]) -> ClipLayout:
    """How the judge with these options is shown clips."""
    return ClipLayout(
        frames=options.get("frames", 64),
        size=options.get("size", 224),
        fps=options.get("fps", float(CONTROL_HZ)),
        outer_vision_tokens=options.get("outer_vision_tokens", False),
    )


def stated(request: TrainRequest) -> dict[str, Any]:
    """All that decides a run, as JSON."""
    train, val = _manifests(request.data)
    recipe = asdict(request.recipe)
    for name in ("keep", "workers"):
        recipe["recipe"].pop(name)
    return json.loads(
        json.dumps(
            {
                "data": content_hash(train),
                "val": content_hash(val) if val.exists() else None,
                "recipe": recipe,
                "views": request.views,
                "eval_clips": request.eval_clips,
                "limit": request.limit,
            }
        )
    )


def _manifests(data: Path) -> tuple[Path, Path]:
    data = data.expanduser()
    if data.is_dir():
        return data / "train.jsonl", data / "val.jsonl"
    return data, data.parent / "val.jsonl"


def _rows(request: TrainRequest) -> tuple[Sequence[Row], list[Row]]:
    """Rows to learn from, and those that are judged on the way."""
    train, val = _manifests(request.data)
    rows = manifest.load(train, request.limit).rows
    if not val.exists() or not val.stat().st_size or not request.eval_clips:
        return rows, []
    found = list(manifest.load(val).rows)
    random.Random(request.recipe.recipe.seed).shuffle(found)
    return rows, found[: request.eval_clips]


def _base(request: TrainRequest) -> Path:
    if request.recipe.small is not None:
        return request.out / "base"
    options = request.recipe.judge
    return checkpoint.base_folder(options["base_model"], None, options.get("revision"))


def _loaded(request: TrainRequest) -> LoadedModel:
    options, small = request.recipe.judge, request.recipe.small
    if small is None:
        name = options["base_model"]
    else:
        from ...vlm.small import build

        name = str(request.out / "base")
        if not (request.out / "base" / "model.safetensors").exists():
            build(request.out / "base", small, seed=request.recipe.recipe.seed)
    return load(
        LoadConfig(
            base_model=name,
            quantization=options.get("quantization", "none"),
            dtype=options.get("dtype", "auto"),
            device=request.device,
            revision=options.get("revision"),
            local_files_only=options.get("local_files_only", False),
        )
    )


def _hooks(
    request: TrainRequest, model: Any, check: QuickCheck | None, log: History, watch: Watch
) -> Hooks:
    every = request.recipe.recipe.eval_steps

    def progress(step: int, total: int) -> None:
        if check is not None and (step % every == 0 or step == total):
            log.add({"step": step, **check(model)})
        watch.step(step, total)

    return Hooks(report=log.add, progress=progress, stop=watch.stop)


def _figures(done: Trained, lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    losses = [line["loss"] for line in lines if "loss" in line]
    held = [line["eval_loss"] for line in lines if "eval_loss" in line]
    checks = [line for line in lines if "accuracy" in line]
    return {
        "steps": done.step,
        "first_loss": losses[0] if losses else None,
        "last_loss": losses[-1] if losses else None,
        "eval_loss": held[-1] if held else None,
        "check": checks[-1] if checks else None,
    }


def _finished(request: TrainRequest, model: Any) -> dict[str, Any]:
    """The trained weights, and the preset that uses them."""
    options = dict(request.recipe.judge)
    if request.recipe.recipe.lora is None:
        dtype = request.recipe.save_dtype
        folder = checkpoint.save(model, _base(request), request.out / "model", dtype=dtype)
        options |= {"base_model": str(folder.absolute())}
    else:
        folder = checkpoint.save(model, _base(request), request.out / "adapter")
        options |= {"adapter": str(folder.absolute())}
    _write_preset(request.out / "judge.yaml", options)
    return {"saved": str(folder), "bytes": checkpoint.size_bytes(folder)}


def _write_preset(path: Path, options: Mapping[str, Any]) -> None:
    import yaml

    plain = {key: options[key] for key in ("base_model", "adapter", *sorted(options))
             if key in options}  # fmt: skip
    judge = {"judge": {"name": "qwen3vl", "options": plain}}
    rest = {"planner": {"name": "split"}, "policy": {"name": "expert"}}
    head = "# The judge that was trained here: leapcasa judge eval MANIFEST --config THIS_FILE\n"
    text = head + yaml.safe_dump(judge, sort_keys=False) + yaml.safe_dump(rest, sort_keys=False)
    replace_file(path, lambda stream: stream.write(text.encode()))
