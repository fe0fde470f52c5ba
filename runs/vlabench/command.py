"""`leapcasa plan vlabench`: asks models, scores answers, writes tables and pictures."""

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...configs import ConfigError, LeapcasaError
from ...vlm.generate import Sampling
from .. import checkpoints
from ..checkpoints import Model
from ..console import Console, Progress
from ..journal import Journal
from ..page import Note, Section, page
from ..records import replace_file, write_json
from ..tables import TextTable, shown
from . import asking, prompt, ready, results
from .asking import Answer
from .charts import bars, radar
from .prompt import LANGUAGES, Asking, Language
from .results import ModelResult, Reply
from .samples import Sample, Samples, dimension, find

SHOWN = 5
"""Broken samples and errors that are printed."""
EXPLAINED = (
    "total_published = 0.4 x skill match + 0.4 x entity match: the total_score of LEAP's README, "
    "whose scorer left the other two out; at most 80.",
    "total_full = 0.4 x skill + 0.4 x entity + 0.1 x skill with entity + 0.1 x exact match.",
    "Means over samples with 95 % bootstrap intervals; a reply without a list of calls counts as "
    "0; average is the mean of the six dimensions.",
)


@dataclass(frozen=True, kw_only=True)
class VlabenchRequest:
    """The arguments of `leapcasa plan vlabench`, as given."""

    data: Path
    models: Sequence[str]
    outputs: Sequence[str]
    """`[LABEL=]FILE` of ready-made answers."""
    dimension: str
    shots: int
    language: str
    chain_of_thought: bool
    prompt: Path | None
    overrides: Sequence[str]
    limit: int | None
    temperature: float
    top_p: float
    max_new_tokens: int
    seed: int
    out: Path | None


def vlabench_command(request: VlabenchRequest, console: Console) -> int:
    """Evaluate models, or other tools' answers, on VLABench's planner samples.

    Returns:
        0, or 1 if a sample is broken or a model failed on one (the rest is evaluated).

    Raises:
        ConfigError: for bad input.
        ModelError: if a model fails on sample after sample.
        RecordError: if something cannot be written.
    """
    how = _asking(request)
    sampling = Sampling(
        max_new_tokens=request.max_new_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        seed=request.seed,
    )
    models = checkpoints.models(request.models, request.overrides, asking.BUDGET)
    given = _ready(request.outputs, {model.label for model in models})
    if not models and not given:
        raise ConfigError("name at least one model (--model) or other tools' answers (--outputs)")
    wanted = () if request.dimension == "all" else (dimension(request.dimension),)
    found = find(request.data, wanted, request.limit)
    folder = (request.out or _default_folder(request)).expanduser().absolute()
    made = [_of_outputs(label, path, found) for label, path in given.items()]
    with contextlib.closing(asking.open_journal(folder)) as answers, console.quiet_stdout():
        made += [_of_model(m, found.samples, how, sampling, answers, console) for m in models]
        if not any(result.scored for result in made):
            _tell(found, made, console)
            raise LeapcasaError("no sample was answered, see above")
        value = _value(request, found, how, sampling, made)
        files = _write(folder, value, made, published=not wanted)
    _tell(found, made, console)
    text = _text(value["models"], folder, published=not wanted)
    console.result({**value, "out": folder, "files": files}, text)
    return 1 if found.broken or any(result.errors for result in made) else 0


def _asking(request: VlabenchRequest) -> Asking:
    if request.language not in LANGUAGES:
        raise ConfigError(f"--language {request.language!r} is none of {', '.join(LANGUAGES)}")
    for name, value, least in (
        ("--shots", request.shots, 0),
        ("--limit", 1 if request.limit is None else request.limit, 1),
    ):
        if value < least:
            raise ConfigError(f"{name} {value} is impossible; give {least} or more")
    language: Language = "zh" if request.language == "zh" else "en"
    return Asking(
        language=language,
        shots=request.shots,
        chain_of_thought=request.chain_of_thought,
        text=prompt.text(language, request.prompt),
        seed=request.seed,
    )


def _ready(outputs: Sequence[str], taken: set[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for text in outputs:
        label, equals, path = text.partition("=")
        name, where = (
            (label, Path(path)) if equals else (Path(text).parent.name or text, Path(text))
        )
        if name in found or name in taken:
            raise ConfigError(f"--outputs {text!r}: {name!r} is there twice; write LABEL=FILE")
        found[name] = where
    return found


def _of_outputs(label: str, path: Path, found: Samples) -> ModelResult:
    replies = ready.read(path)
    known = {sample.id for sample in found.samples}
    if not known & replies.keys():
        raise ConfigError(
            f"--outputs {path}: none of its {len(replies)} answers is about a sample of "
            f"{found.root}; the first is {next(iter(replies))}"
        )
    missing = {
        sample.id: "not answered"
        for sample in found.samples
        if sample.id not in replies
    }  # fmt: skip
    scored = results.scored(found.samples, replies)
    return ModelResult(
        label=label, about={"outputs": str(path)}, scored=scored, errors=missing
    )  # fmt: skip


def _of_model(
    model: Model,
    samples: Sequence[Sample],
    how: Asking,
    sampling: Sampling,
    answers: Journal[Answer],
    console: Console,
) -> ModelResult:
    progress = Progress(len(samples), "samples")
    try:
        made, errors = asking.ask(model, samples, how, sampling, answers, progress.update)
    except (KeyboardInterrupt, LeapcasaError):
        progress.close()
        console.note(f"{len(answers)} answers are kept; the same command goes on")
        raise
    finally:
        progress.close()
    replies: dict[str, Reply] = {name: results.reply(one.raw) for name, one in made.items()}
    speed = [one.milliseconds for one in made.values()]
    about = {
        **model.about(),
        "milliseconds_median": sorted(speed)[len(speed) // 2] if speed else None,
        "cut_off": sum(one.finish == "length" for one in made.values()),
    }
    scored = results.scored(samples, replies)
    return ModelResult(label=model.label, about=about, scored=scored, errors=errors)


def _default_folder(request: VlabenchRequest) -> Path:
    """The same request finds the same folder again."""
    facts = json.dumps({**asdict(request), "out": None}, sort_keys=True, default=str)
    return Path("outputs") / f"vlabench_{hashlib.sha256(facts.encode()).hexdigest()[:8]}"


def _value(
    request: VlabenchRequest,
    found: Samples,
    how: Asking,
    sampling: Sampling,
    made: Sequence[ModelResult],
) -> dict[str, Any]:
    pairs = [(a, b) for i, a in enumerate(made) for b in made[i + 1 :]]
    return {
        "data": str(found.root.absolute()),
        "dimension": request.dimension,
        "samples": len(found.samples),
        "broken": dict(found.broken),
        "asking": {
            "shots": how.shots,
            "language": how.language,
            "chain_of_thought": how.chain_of_thought,
            "prompt": str(request.prompt or "built-in"),
            "prompt_sha256": how.digest,
            **asdict(sampling),
        },
        "models": [results.as_json(result) for result in made],
        "differences": [
            {"first": a.label, "second": b.label,
             "scores": [asdict(one) for one in results.differences(a, b)]}
            for a, b in pairs
        ],
        "published": {name: dict(row) for name, row in results.LEAP_TABLE.items()},
    }  # fmt: skip


def _write(
    folder: Path, value: Mapping[str, Any], made: Sequence[ModelResult], *, published: bool
) -> dict[str, str]:
    pictures = {
        f"{name}.{form}": content
        for form in ("png", "svg")
        for name, content in (
            ("radar", radar(made, form, published=published)),
            ("bars", bars(made, form)),
        )
    }
    contents = {
        "per_task.csv": results.per_task_csv(value["models"]),
        "samples.csv": results.samples_csv(made),
        **pictures,
        "report.html": _page(made, value["models"], pictures, published=published),
    }
    for name, content in contents.items():
        replace_file(folder / name, lambda stream, content=content: stream.write(content))
    write_json(folder / "results.json", value)
    return {name: str(folder / name) for name in ("results.json", *contents)}


def _page(
    made: Sequence[ModelResult],
    models: Sequence[Mapping[str, Any]],
    pictures: Mapping[str, bytes],
    *,
    published: bool,
) -> bytes:
    failed = [
        Note(title=f"{result.label}, {one.sample.id}: {one.reply.problem}", text=one.reply.raw)
        for result in made
        for one in result.scored
        if one.reply.problem
    ]
    parts = [results.table(models, name) for name in results.SCORES[:4]]
    return page(
        "VLABench planner evaluation",
        [
            Section(title="Totals", text=EXPLAINED, tables=totals(models, published=published),
                    pictures=[pictures["radar.png"], pictures["bars.png"]]),
            Section(title="Scores", tables=parts),
            Section(title="Tasks", tables=[_tasks(models)]),
            Section(title="Replies without a list of calls",
                    text=[f"{len(failed)} of {sum(len(r.scored) for r in made)}"],
                    notes=failed[:500]),
        ],
    )  # fmt: skip


def totals(models: Sequence[Mapping[str, Any]], *, published: bool) -> list[TextTable]:
    """The tables of both totals.

    Args:
        models: as `results.json` has them.
        published: with the rows of LEAP's README.
    """
    return [
        results.table(models, "total_published", published=published),
        results.table(models, "total_full"),
    ]


def _tasks(models: Sequence[Mapping[str, Any]]) -> TextTable:
    rows = [
        (task, found["dimension"], one["model"], str(found["skill_match"]["n"]),
         *(f"{found[name]['value']:.1f}" for name in results.SCORES))
        for one in models
        for task, found in one["tasks"].items()
    ]  # fmt: skip
    return TextTable(head=("task", "dimension", "model", "n", *results.SCORES), rows=rows)


def _tell(found: Samples, made: Sequence[ModelResult], console: Console) -> None:
    troubles = [f"broken sample {name}: {why}" for name, why in found.broken.items()]
    troubles += [
        f"{result.label}: {name}: {why}" for result in made for name, why in result.errors.items()
    ]
    for line in troubles[:SHOWN]:
        console.note(line)
    if len(troubles) > SHOWN:
        console.note(f"and {len(troubles) - SHOWN} more, see results.json")


def _text(models: Sequence[Mapping[str, Any]], folder: Path, *, published: bool) -> str:
    blocks = [shown(one) for one in totals(models, published=published)]
    return "\n\n".join([*blocks, "\n".join(EXPLAINED), f"{folder / 'report.html'}"])
