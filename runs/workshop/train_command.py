"""`leapcasa plan train`: a planner trained on samples, and ready to be used."""

import contextlib
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ...configs import ConfigError, nearest
from ...vlm.images import PixelBudget
from ...vlm.load import LoadConfig
from ...vlm.tuning import trainer
from ...vlm.tuning.recipe import PRESETS, Lora, Recipe
from ..console import Console, Progress
from . import train_run, training_data
from .live import Live, duration
from .train_run import TrainRequest, Watch

INTERRUPTED = 130
KEPT = 3
"""Checkpoints kept unless the user says otherwise: those of a 2B model take 25 GB each."""


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """What the user asked for, as typed."""

    data: Sequence[str]
    model: str
    out: Path
    preset: str = "full"
    recipe: Mapping[str, Any] = ()  # type: ignore[assignment]
    """Fields of `Recipe` that differ from the preset's."""
    lora: Mapping[str, Any] = ()  # type: ignore[assignment]
    """Fields of `Lora`, likewise."""
    subfolder: str | None = None
    revision: str | None = None
    quantization: str = "none"
    device: str = "auto"
    local_files_only: bool = False
    val: str | None = None
    template: str | None = None
    least_pixels: int = PixelBudget.least
    most_pixels: int = PixelBudget.most
    max_length: int = 4096
    save_dtype: str = "auto"
    merge: bool = False


def train_command(options: TrainOptions, console: Console) -> int:
    """Train a planner.

    Returns:
        0, or 130 if Ctrl-C stopped it; a checkpoint is written first.

    Raises:
        ConfigError: for bad input.
        LeapcasaError: if the training fails.
    """
    asked = request(options)
    with console.quiet_stdout(), stoppable() as stop:
        done = watched(asked, console, stop)
    facts = done.facts
    if done.stopped:
        console.error(
            f"stopped at step {facts['steps']}; the same command goes on from there",
            kind="interrupted",
            code=INTERRUPTED,
        )
        return INTERRUPTED
    console.result({**facts, "out": str(asked.out)}, as_text(facts, asked.out))
    return 0


def request(options: TrainOptions) -> TrainRequest:
    """The request that options stand for.

    Raises:
        ConfigError: for what does not fit.
    """
    recipe = recipe_of(options.preset, dict(options.recipe), dict(options.lora))
    sources = tuple(training_data.source(text) for text in options.data)
    model = LoadConfig(
        base_model=options.model,
        subfolder=options.subfolder,
        revision=options.revision,
        quantization=options.quantization,  # type: ignore[arg-type]
        device=options.device,
        local_files_only=options.local_files_only,
    )
    budget = PixelBudget(least=options.least_pixels, most=options.most_pixels)
    if options.max_length < 1:
        raise ConfigError(f"--max-length {options.max_length} is impossible; give 1 or more")
    return TrainRequest(
        data=sources,
        model=replace(model, dtype=weights_dtype(recipe, model)),
        recipe=recipe,
        out=options.out.expanduser(),
        val=training_data.validation(sources, options.val),
        template=options.template,
        budget=budget,
        max_length=options.max_length,
        save_dtype=options.save_dtype,  # type: ignore[arg-type]
        merge=options.merge,
    )


def recipe_of(preset: str, changed: Mapping[str, Any], lora: Mapping[str, Any]) -> Recipe:
    """A preset with changes.

    Raises:
        ConfigError: for an unknown preset or field, or LoRA settings of a full fine-tune.
    """
    if preset not in PRESETS:
        raise ConfigError(
            f"unknown preset {preset!r}{nearest(preset, list(PRESETS))}; there are "
            f"{', '.join(PRESETS)}"
        )
    base = PRESETS[preset]
    given = {k: v for k, v in changed.items() if v is not None}
    factors = {k: v for k, v in lora.items() if v is not None}
    for kind, names in ((Recipe, given), (Lora, factors)):
        known = [f.name for f in fields(kind)]
        for name in names:
            if name not in known:
                raise ConfigError(f"unknown setting {name!r}{nearest(name, known)}")
    if factors and base.lora is None:
        raise ConfigError(
            f"the preset {preset!r} trains all weights and has no LoRA factors; choose "
            f"{', '.join(name for name, one in PRESETS.items() if one.lora)}"
        )
    given.setdefault("keep", KEPT)
    if given["keep"] == 0:
        given["keep"] = None
    made = replace(base, **given)
    return made if base.lora is None else replace(made, lora=replace(base.lora, **factors))


def weights_dtype(recipe: Recipe, model: LoadConfig) -> Any:
    """In which type weights are loaded: those that are trained in float32 unless it is said."""
    if recipe.weights != "auto":
        return recipe.weights
    if recipe.lora is None:
        return "float32"
    import torch

    gpu = model.device.startswith("cuda") or (model.device == "auto" and torch.cuda.is_available())
    return trainer.precision(recipe, torch.device("cuda" if gpu else "cpu"))


def watched(asked: TrainRequest, console: Console, stop: "Stop", title: str = "") -> Any:
    """Run a request and show it.

    Raises:
        LeapcasaError: as `train_run.run`.
    """
    live = Live(title)
    reading = Progress(None, "rows")

    def began(facts: Mapping[str, Any]) -> None:
        reading.close()
        console.note(summary(facts))
        live.start()

    try:
        return train_run.run(
            asked,
            Watch(
                reading=reading.update, began=began, entry=live.entry, step=live.step,
                stop=lambda: stop.asked,
            ),
        )  # fmt: skip
    finally:
        reading.close()
        live.stop()


def summary(facts: Mapping[str, Any]) -> str:
    """What is about to be trained, in a few lines."""
    sizes = facts["parameters"]
    share = sizes["trainable"] / sizes["total"]
    lines = [
        f"{facts['samples']} samples ({facts['tokens']} tokens an epoch), {facts['held_out']} held "
        f"out; {sizes['trainable']:,} of {sizes['total']:,} parameters are trained ({share:.1%}), "
        f"{facts['precision']} on {facts['device']}"
    ]
    lines += [f"left out: {count} rows, {why}" for why, count in facts["dropped"].items()]
    if facts["template"] is None:
        lines.append(
            "the prompts of the data are not a template that the planner knows: it will ask with "
            f"{train_run.DEFAULT_TEMPLATE}; --template NAME trains with the planner's own words"
        )
    if facts.get("resume"):
        lines.append(f"going on from {facts['resume']}")
    return "\n".join(lines)


def as_text(facts: Mapping[str, Any], out: Path) -> str:
    """The end of a run, for people."""
    held = facts["eval_loss"]
    told = f", held-out loss {held:.4f}" if held is not None else ""
    return (
        f"trained {facts['steps']} steps in {duration(facts['seconds'])}: loss "
        f"{facts['first_loss']:.4f} -> {facts['last_loss']:.4f}{told}\n"
        f"saved {facts['saved']} ({facts['bytes'] / 1e6:.1f} MB), curves in {out}/curves.png\n"
        f"use it: leapcasa plan eval --config {out}/planner.yaml"
    )


@dataclass
class Stop:
    """Whether the user wants the training to end."""

    asked: bool = False


@contextlib.contextmanager
def stoppable() -> Iterator[Stop]:
    """Ctrl-C or SIGTERM ends the run after its step, with a checkpoint; a second one at once."""
    stop = Stop()

    def handle(signum: int, frame: object) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True

    kept = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
