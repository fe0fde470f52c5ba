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
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ...configs import ConfigError
from ...envs.sensors import CONTROL_HZ, View
from ...judges.qwen3vl import PROMPT
from ...vlm.load import LoadConfig, LoadedModel, load
from ...vlm.prompt import ClipLayout
from ...vlm.tuning import adapter, checkpoint, trainer
from ...vlm.tuning.clips import ClipEncoder
from ...vlm.tuning.collate import Collator
from ...vlm.tuning.trainer import Entry, Hooks, Trained
from .. import manifest
from ..judge_setup import content_hash
from ..manifest import Row
from ..records import replace_file, write_json
from .checking import JUDGE_OPTIONS, QuickCheck
from .frames import FrameStore
from .recipes import JudgeRecipe
from .samples import ClipSamples

VIEWS: tuple[View, ...] = ("right", "left")
Check = Mapping[str, Any]
"""A line of the log with what `checking.QuickCheck` found at `step`."""


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


@dataclass(kw_only=True)
class _Log:
    """`history.jsonl`; on going on, what came behind the checkpoint is taken back."""

    path: Path
    watch: Watch
    lines: list[Mapping[str, Any]] = field(default_factory=list)

    def begin(self, last: int) -> None:
        """Keep what was written up to a step."""
        self.lines = [e for e in read_history(self.path) if e["step"] <= last]
        text = "".join(json.dumps(line) + "\n" for line in self.lines)
        replace_file(self.path, lambda stream: stream.write(text.encode()))

    def add(self, entry: Mapping[str, Any]) -> None:
        """One more line, at once."""
        self.lines.append(entry)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry) + "\n")
        self.watch.entry(entry)


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
    known = _known(request.out, asked)
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
    write_json(request.out / "train.json", facts)
    resume = newest(request.out / "checkpoints")
    watch.began({**facts, "resume": resume})
    log = _Log(path=request.out / "history.jsonl", watch=watch)
    log.begin(int(resume.name.rpartition("-")[2]) if resume else 0)
    check = QuickCheck(loaded, held_out, options, precision, store) if held_out else None
    done = trainer.train(
        model,
        samples,
        Collator(loaded.tokenizer.pad_token_id),
        request.recipe.recipe,
        base=_base(request),
        out=request.out / "checkpoints",
        lengths=lengths,
        held_out=tests,
        resume=resume,
        hooks=_hooks(request, model, check, log, watch),
    )
    facts |= _figures(done, log.lines)
    if not done.stopped:
        facts |= _finished(request, model)
    facts["state"] = "stopped" if done.stopped else "done"
    write_json(request.out / "train.json", facts)
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


def newest(folder: Path) -> Path | None:
    """The last checkpoint that is whole: the Trainer writes its state last."""
    whole = [p for p in folder.glob("checkpoint-*") if (p / "trainer_state.json").is_file()]
    numbered = {int(p.name[11:]): p for p in whole if p.name[11:].isdigit()}
    return numbered[max(numbered)] if numbered else None


def read_history(path: Path) -> list[dict[str, Any]]:
    """The log of a run; a last line that was cut off is left out."""
    entries: list[dict[str, Any]] = []
    for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
        try:
            entries.append(json.loads(line))
        except ValueError:
            break
    return entries


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


def _known(out: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What `train.json` says of the same request; empty if there is none."""
    path = out / "train.json"
    if not path.is_file():
        if out.is_dir() and any(out.iterdir()):
            raise ConfigError(f"--out {out} is not empty and holds no training; name another")
        return {}
    try:
        known = json.loads(path.read_text("utf-8"))
        there = known["asked"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} cannot be read ({error}); name another --out") from error
    if there != asked:
        names = sorted(key for key in asked if there.get(key) != asked[key])
        raise ConfigError(
            f"--out {out} holds a training with other {', '.join(names)}; the same command goes on "
            "with it, another one wants another --out"
        )
    return known


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
    request: TrainRequest, model: Any, check: QuickCheck | None, log: _Log, watch: Watch
) -> Hooks:
    every = request.recipe.recipe.eval_steps

    def progress(step: int, total: int) -> None:
        if check is not None and (step % every == 0 or step == total):
            log.add({"step": step, **check(model)})
        watch.step(step, total)

    def report(entry: Entry) -> None:
        log.add(dict(entry))

    return Hooks(report=report, progress=progress, stop=watch.stop)


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


__all__ = ["JUDGE_OPTIONS", "TrainRequest", "Watch", "run"]
