"""One training run in a folder: begun, gone on with, finished.

The folder holds `train.json` (what was asked, what came of it), `history.jsonl` (the log, a line at
once), `checkpoints/checkpoint-N`, and at the end `model/` or `adapter/`, the curves, and
`planner.yaml`: a preset with which the planner uses what was trained.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ...agent import prompts
from ...vlm.images import PixelBudget
from ...vlm.load import LoadConfig, LoadedModel, load
from ...vlm.tuning import adapter, checkpoint, trainer
from ...vlm.tuning.collate import Collator
from ...vlm.tuning.conversation import ConversationEncoder
from ...vlm.tuning.recipe import Recipe
from ...vlm.tuning.trainer import Entry, Hooks
from ..records import write_json
from ..training_folder import History, claimed, newest
from . import curves, training_data
from .training_data import Prepared, RowSamples, Source

SaveDtype = Literal["auto", "float32", "bfloat16", "float16"]
DEFAULT_TEMPLATE = "leap-1"


@dataclass(frozen=True, kw_only=True)
class TrainRequest:
    """What to train, on what, how, and where it goes."""

    data: tuple[Source, ...]
    model: LoadConfig
    recipe: Recipe
    out: Path
    val: Source | None = None
    template: str | None = None
    """Puts every instruction into its own words; None keeps the words of the rows."""
    budget: PixelBudget = field(default_factory=PixelBudget)
    max_length: int = 4096
    save_dtype: SaveDtype = "auto"
    merge: bool = False
    """Write a LoRA run's whole model, too."""


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What a run came to."""

    facts: Mapping[str, Any]
    stopped: bool


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What the command shows while a run goes on."""

    reading: Callable[[int, str], None] = lambda done, text: None
    began: Callable[[Mapping[str, Any]], None] = lambda facts: None
    entry: Callable[[Entry], None] = lambda entry: None
    step: Callable[[int, int], None] = lambda step, total: None
    stop: Callable[[], bool] = lambda: False


def run(request: TrainRequest, watch: Watch | None = None) -> RunResult:
    """Train; goes on from the newest checkpoint of the same request.

    Raises:
        ConfigError: for bad input, or a folder that holds another run.
        ModelError: if the training fails.
        RecordError: if files cannot be written.
    """
    watch = watch or Watch()
    asked = stated(request)
    earlier = claimed(request.out, asked)
    if earlier.get("state") == "done":
        return RunResult(facts=earlier, stopped=False)
    template, known = _template(request)
    loaded = load(request.model)
    encoder = ConversationEncoder.of(loaded, budget=request.budget, max_length=request.max_length)
    samples = _prepared(request, request.data, encoder, template, watch)
    held_out = request.val and _prepared(request, (request.val,), encoder, template, watch)
    model = adapter.prepared(loaded, request.recipe)
    facts: dict[str, Any] = {
        "state": "running",
        "asked": asked,
        "samples": len(samples.rows),
        "held_out": len(held_out.rows) if held_out else 0,
        "dropped": dict(samples.dropped),
        "tokens": sum(samples.lengths),
        "parameters": asdict(adapter.size(model)),
        "device": str(loaded.device),
        "precision": trainer.precision(request.recipe, loaded.device),
        "template": known.name if known else None,
    }
    request.out.mkdir(parents=True, exist_ok=True)
    write_json(request.out / "train.json", facts)
    resume = newest(request.out)
    watch.began({**facts, "resume": resume})
    history = History(request.out, resume, watch.entry)
    done = trainer.train(
        model,
        RowSamples(samples, encoder),
        Collator(loaded.tokenizer.pad_token_id),
        request.recipe,
        base=_base(request),
        out=request.out / "checkpoints",
        lengths=samples.lengths,
        held_out=RowSamples(held_out, encoder) if held_out else None,
        resume=resume,
        hooks=Hooks(report=history.add, progress=watch.step, stop=watch.stop),
    )
    facts |= _figures(history.entries, done)
    if done.stopped:
        facts["state"] = "stopped"
        write_json(request.out / "train.json", facts)
        return RunResult(facts=facts, stopped=True)
    facts |= _finished(request, loaded, model, known)
    curves.write(request.out, history.entries)
    facts["state"] = "done"
    write_json(request.out / "train.json", facts)
    return RunResult(facts=facts, stopped=False)


def stated(request: TrainRequest) -> dict[str, Any]:
    """All that decides a run, as JSON."""
    sources = [[str(s.path.absolute()), s.times, _digest(s.path)] for s in request.data]
    val = request.val and [str(request.val.path.absolute()), _digest(request.val.path)]
    recipe = {k: v for k, v in asdict(request.recipe).items() if k not in ("keep", "workers")}
    return json.loads(
        json.dumps(
            {
                "data": sources,
                "val": val,
                "model": asdict(request.model),
                "recipe": recipe,
                "template": request.template,
                "budget": asdict(request.budget),
                "max_length": request.max_length,
            }
        )
    )


def _digest(path: Path) -> str:
    from ..judge_setup import content_hash

    return content_hash(path)


def _template(request: TrainRequest) -> tuple[prompts.Template | None, prompts.Template | None]:
    """The template that tells the rows anew, and the one the planner will have to use."""
    if request.template is not None:
        template = prompts.load(request.template)
        return template, template
    return None, training_data.template_of(request.data)


def _prepared(
    request: TrainRequest,
    sources: Sequence[Source],
    encoder: ConversationEncoder,
    template: prompts.Template | None,
    watch: Watch,
) -> Prepared:
    return training_data.prepare(sources, encoder, template=template, report=watch.reading)


def _base(request: TrainRequest) -> Path:
    one = request.model
    return checkpoint.base_folder(one.base_model, one.subfolder, one.revision)


def _figures(entries: Sequence[Entry], done: trainer.Trained) -> dict[str, Any]:
    losses = [e["loss"] for e in entries if "loss" in e]
    measured = [e["eval_loss"] for e in entries if "eval_loss" in e]
    return {
        "steps": done.step,
        "seconds": round(max((e.get("seconds", 0.0) for e in entries), default=0.0), 1),
        "first_loss": losses[0] if losses else None,
        "last_loss": losses[-1] if losses else None,
        "eval_loss": measured[-1] if measured else None,
        "best_eval_loss": min(measured) if measured else None,
    }


def _finished(
    request: TrainRequest, loaded: LoadedModel, model: Any, known: prompts.Template | None
) -> dict[str, Any]:
    """The trained weights, and the preset that uses them."""
    base, out = _base(request), request.out
    dtype = request.save_dtype
    if dtype == "auto":
        dtype = trainer.precision(request.recipe, loaded.device)  # type: ignore[assignment]
    options: dict[str, Any] = {}
    saved: dict[str, Any] = {}
    if request.recipe.lora is None:
        folder = checkpoint.save(model, base, out / "model", dtype=dtype)
        options["base_model"] = str(folder.absolute())
    else:
        folder = checkpoint.save(model, base, out / "adapter")
        options |= {"base_model": request.model.base_model, "subfolder": request.model.subfolder}
        options |= {"adapter": str(folder.absolute()), "revision": request.model.revision}
        options["quantization"] = request.model.quantization
        if request.merge:
            whole = checkpoint.save(checkpoint.merged(model), base, out / "model", dtype=dtype)
            saved |= {"merged": str(whole), "merged_bytes": checkpoint.size_bytes(whole)}
            options = {"base_model": str(whole.absolute())}
    options |= {
        "template": _named(request, known),
        "least_pixels": request.budget.least,
        "most_pixels": request.budget.most,
    }
    write_preset(out / "planner.yaml", options)
    return {**saved, "saved": str(folder), "bytes": checkpoint.size_bytes(folder)}


def _named(request: TrainRequest, known: prompts.Template | None) -> str:
    if known is None:
        return DEFAULT_TEMPLATE
    shipped = request.template is None or "/" not in request.template
    return known.name if shipped else str(Path(str(request.template)).expanduser().absolute())


def write_preset(path: Path, options: Mapping[str, Any]) -> None:
    """A preset whose planner is what was trained; the rest is as `expert` has it."""
    import yaml

    kept = {k: v for k, v in options.items() if v is not None}
    text = yaml.safe_dump({"planner": {"name": "leap", "options": kept}}, sort_keys=False)
    head = "# The planner that was trained here: leapcasa rollout TASK --config THIS_FILE\n"
    rest = yaml.safe_dump(
        {"policy": {"name": "expert"}, "judge": {"name": "referee"}}, sort_keys=False
    )
    path.write_text(head + text + rest, encoding="utf-8")
