"""`leapcasa policy train`: the embedded policy from demonstrations, resumed after anything."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ...configs import ConfigError
from ...sight import folder as folders
from ..console import Console, Progress
from ..records import make_folder, replace_file, write_json
from ..versions import versions

REQUEST = "training.json"
LOSSES = "losses.csv"
PICTURE = "losses.png"


@dataclass(frozen=True, kw_only=True)
class TrainRequest:
    """What the user asked for."""

    data: Sequence[Path]
    out: Path
    eyes_steps: int | None = None
    control_steps: int | None = None
    preset: str = "small"
    blocks: int | None = None
    """Of attention in each eye; None for those of `start`, or the preset's."""
    seed: int = 0
    device: str | None = None
    threads: int = 2
    start: Path | None = None
    member: int = 0
    """Which of `start`, if that is joined."""
    blend: float = 1.0
    """How much of what is written is the training's own; the rest is `start`'s."""
    keep: Sequence[Path] = ()
    """Folders where the control is to go on saying what `start` says."""
    only: Sequence[str] = ()
    """Names of the skills that are learned; none for all that the data show."""
    resume: bool = False


def train_command(request: TrainRequest, console: Console) -> int:
    """Train.

    Returns:
        0.

    Raises:
        ConfigError: for bad input.
        RecordError: if the results cannot be written.
    """
    from ...policies.embedded import checkpoint
    from . import dataset, shapes, train_state, training, wordings

    folder = request.out.expanduser().absolute()
    request = _resumed(request, folder) if request.resume else _fresh(request, folder)
    device = _device(request.device)
    start = None if request.start is None else checkpoint.load(request.start, request.member)
    recipe = _recipe(request, None if start is None else start.network.config)
    if start is not None:
        start = replace(start, network=training.grown(start.network, recipe, request.seed))
    with console.quiet_stdout(), _threads(request.threads):
        stretches = dataset.load(request.data, recipe.network)
        reminders = dataset.load(request.keep, recipe.network) if request.keep else []
        about = _about(request, stretches + reminders)
        _check_data(stretches + reminders)
        shown = {wordings.name_of(skill) for one in stretches for skill in one.skills}
        wordings.check_shown(request.only, shown)
        stats = training.statistics(stretches) if start is None else start.statistics
        known = {**(start.shapes if start else {}), **shapes.learned(stretches)}
        state = training.begin(recipe, request.seed, start and start.network)
        state.network.to(device)
        state.mean.to(device)
        if request.resume:
            _same_data(folder, about)
            train_state.load(folder, state)
            console.note(f"going on at step {state.step} of {recipe.steps}")
        else:
            make_folder(folder)
            write_json(folder / REQUEST, {"request": _plain(request), "about": about})
        if state.step >= recipe.steps:
            console.note("the training is at its end already; give more --control-steps")
        progress = Progress(recipe.steps)

        def kept(now: training.State) -> None:
            train_state.save(folder, now)
            made = now.mean if start is None else training.blended(
                start.network, now.mean, request.blend
            )  # fmt: skip
            text = checkpoint.config_json(
                made.config, stats, {**about, "figures": now.history[-1]}, known
            )
            _write(folder, made, text)
            _write_losses(folder, now.history)

        def told(step: int, loss: float) -> None:
            progress.update(step, f"loss {loss:.3f}" + _newest(state.history))

        teacher = None if start is None else start.network.to(device)
        course = training.Course(stretches=stretches, statistics=stats, recipe=recipe,
                                 seed=request.seed, device=device, only=request.only,
                                 teacher=teacher, reminders=reminders)  # fmt: skip
        try:
            training.train(state, course, measured=kept, told=told)
        finally:
            progress.close()
    row = state.history[-1] if state.history else {}
    console.result({"out": folder, **row}, _as_text(folder, row))
    return 0


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Torch's threads on a CPU, for a while: whoever calls this goes on with their own."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _fresh(request: TrainRequest, folder: Path) -> TrainRequest:
    if not request.data:
        raise ConfigError("name at least one folder of `leapcasa policy data`")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(
            f"--out {folder} is there already; go on with --resume, or name another folder"
        )
    if request.threads < 1:
        raise ConfigError("--threads must be 1 or more")
    asked = (request.eyes_steps, request.control_steps)
    if any(steps is not None and steps < 0 for steps in asked) or asked == (0, 0):
        raise ConfigError("--eyes-steps and --control-steps must be 0 or more, and not both 0")
    if request.blocks is not None and request.blocks < 0:
        raise ConfigError("--blocks must be 0 or more")
    if not 0 < request.blend <= 1 or (request.blend < 1 and request.start is None):
        raise ConfigError("--blend is a share, above 0 and up to 1, and wants --from")
    if request.member and request.start is None:
        raise ConfigError("--member wants --from: it says which of that one is meant")
    if request.keep and request.start is None:
        raise ConfigError("--keep wants --from: what is to be kept is what that one does")
    data, keep = ([path.expanduser().absolute() for path in some]
                  for some in (request.data, request.keep))  # fmt: skip
    return replace(request, data=data, keep=keep)


def _resumed(request: TrainRequest, folder: Path) -> TrainRequest:
    """The request as it was first made; more steps, another device or threads may be asked for."""
    try:
        kept = json.loads((folder / REQUEST).read_text())["request"]
        data = [Path(path) for path in kept["data"]]
        start = None if kept["start"] is None else Path(kept["start"])
        return TrainRequest(
            data=data,
            out=folder,
            eyes_steps=kept["eyes_steps"],
            control_steps=request.control_steps or kept["control_steps"],
            preset=kept["preset"],
            blocks=kept.get("blocks"),
            seed=kept["seed"],
            device=request.device or kept["device"],
            threads=request.threads,
            start=start,
            member=kept["member"],
            blend=kept["blend"],
            keep=[Path(path) for path in kept["keep"]],
            only=kept.get("only", []),
            resume=True,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{folder} holds no training to go on with ({error})") from error


def _recipe(request: TrainRequest, start: Any = None) -> Any:
    """The recipe, its network sized as asked; `start` is what it begins with has for sizes."""
    from . import presets

    recipe = presets.recipe(request.preset)
    if request.eyes_steps is not None:
        recipe = replace(recipe, eyes=replace(recipe.eyes, steps=request.eyes_steps))
    if request.control_steps is not None:
        recipe = replace(recipe, control=replace(recipe.control, steps=request.control_steps))
    blocks = (start or recipe.network).blocks if request.blocks is None else request.blocks
    network = replace(recipe.network, blocks=blocks)
    if start is not None and replace(start, blocks=blocks) != network:
        raise ConfigError(f"--from {request.start} has other sizes than --preset {request.preset}")
    if start is not None and start.blocks not in (0, blocks):
        raise ConfigError(f"--from {request.start} has {start.blocks} blocks, not {blocks}; "
                          "leave --blocks out")  # fmt: skip
    return replace(recipe, network=network)


def _device(asked: str | None) -> str:
    import torch

    if asked is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    if asked not in ("cpu", "cuda"):
        raise ConfigError(f"--device {asked!r} is neither cpu nor cuda")
    if asked == "cuda" and not torch.cuda.is_available():
        raise ConfigError("--device cuda: there is no GPU here; leave it out, or use cpu")
    return asked


def _about(request: TrainRequest, stretches: Sequence[Any]) -> dict[str, Any]:
    kept = [one for one in stretches if not one.held_out]
    tasks = sorted({one.header.task for one in stretches})
    names = [f"{one.header.task}/{one.header.seed}/{one.header.driver}" for one in stretches]
    return {
        "tasks": tasks,
        "episodes": len(kept),
        "episodes_held_out": len(stretches) - len(kept),
        "looks": sum(one.header.steps for one in kept),
        "kitchens": len({one.header.scene for one in kept}),
        "data": hashlib.sha256(json.dumps(names).encode()).hexdigest(),
        "preset": request.preset,
        "seed": request.seed,
        "blend": request.blend,
        "only": list(request.only),
        "assets": sorted({one.header.assets for one in stretches}),
        "versions": versions(),
    }


def _check_data(stretches: Sequence[Any]) -> None:
    from . import dataset

    dataset.check_split(stretches)
    if all(one.held_out for one in stretches):
        raise ConfigError("every kitchen there is happens to be held out; record more episodes")


def _same_data(folder: Path, about: dict[str, Any]) -> None:
    before = json.loads((folder / REQUEST).read_text())["about"]
    if before["data"] != about["data"]:
        raise ConfigError(
            f"the demonstrations are not those that {folder} was begun with; begin a new training "
            "with --from, which takes its weights over"
        )


def _plain(request: TrainRequest) -> dict[str, Any]:
    paths = {name: [str(path) for path in getattr(request, name)] for name in ("data", "keep")}
    return {**asdict(request), **paths}


def _write(folder: Path, network: Any, config: str) -> None:
    """The policy, for others to read."""
    from ...policies.embedded import checkpoint

    weights = folders.weights_bytes(network)
    replace_file(folder / checkpoint.KIND.weights, lambda stream: stream.write(weights))
    replace_file(folder / folders.CONFIG, lambda stream: stream.write(config.encode()))


def _write_losses(folder: Path, history: Sequence[dict[str, float]]) -> None:
    """The course of the losses, as a table and drawn."""
    names = list(dict.fromkeys(name for row in history for name in row))
    lines = [",".join(names)]
    lines += [",".join(f"{row.get(name, float('nan')):.5g}" for name in names) for row in history]
    replace_file(folder / LOSSES, lambda stream: stream.write("\n".join(lines).encode() + b"\n"))
    _draw(folder / PICTURE, history)


def _draw(path: Path, history: Sequence[dict[str, float]]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4))
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for name in dict.fromkeys(name for row in history for name in row):
        if name == "step":
            continue
        rows = [row for row in history if name in row]
        thick = 2.0 if name.endswith(("train", "loss")) else 1.0
        axes.plot([r["step"] for r in rows], [r[name] for r in rows], label=name, linewidth=thick)
    axes.set(xlabel="step", ylabel="loss", yscale="log")
    axes.legend(fontsize=7)
    figure.tight_layout()
    replace_file(path, lambda stream: figure.savefig(stream, format="png"))


def _newest(history: Sequence[dict[str, float]]) -> str:
    losses = [value for name, value in (history[-1] if history else {}).items()
              if name.endswith("_loss")]  # fmt: skip
    return f", held out {losses[0]:.3f}" if losses else ""


def _as_text(folder: Path, row: dict[str, float]) -> str:
    shown = ", ".join(f"{name} {value:.4g}" for name, value in row.items())
    return f"{shown}\n{folder}"
