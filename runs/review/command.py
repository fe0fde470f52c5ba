"""`leapcasa plan review`: collects plans, has them judged blind, writes figures and pictures."""

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ...configs import ConfigError, LeapcasaError
from ...vlm.generate import Sampling
from ...vlm.images import PixelBudget
from .. import checkpoints
from ..checkpoints import Model
from ..console import Console, Progress
from ..records import replace_file, write_json
from ..tables import shown
from . import plans, question, report, round
from .judges import Endpoint, LocalJudge, ReviewJudge
from .plans import Sample
from .report import Review

SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class ReviewRequest:
    """The arguments of `leapcasa plan review`, as given."""

    data: Path | None
    csv: Path | None
    models: Sequence[str]
    plans: Sequence[str]
    judges: Sequence[str]
    overrides: Sequence[str]
    """Of models and local judges."""
    prices: Sequence[str]
    api_key_env: str
    rubric: Path | None
    rounds: int
    limit: int | None
    show_image: bool
    concurrency: int
    judge_temperature: float
    timeout: float
    temperature: float
    top_p: float
    max_new_tokens: int
    seed: int
    out: Path | None


@dataclass(kw_only=True)
class _Plans:
    """What is reviewed."""

    samples: list[Sample]
    by_model: dict[str, dict[str, str]]
    errors: dict[str, str]


def review_command(request: ReviewRequest, console: Console) -> int:
    """Review plans.

    Returns:
        0, or 1 if a plan or a judgement is missing (the rest is counted).

    Raises:
        ConfigError: for bad input, or a judge that refuses what it is asked.
        ModelError: if a model or judge fails again and again.
        RecordError: if something cannot be written.
    """
    _check(request)
    models = checkpoints.models(request.models, _own(request, request.models), PixelBudget())
    judges = _judges(request)
    prices = _prices(request, judges)
    words = question.rubric(request.rubric)
    given = _given(request, models)
    folder = (request.out or _default_folder(request)).expanduser().absolute()
    with contextlib.closing(round.open_journal(folder)) as kept, console.quiet_stdout():
        _write_plans(request, given, models, folder, console)
        samples = _complete(given, console)
        wanted = list(
            round.tasks(samples, given.by_model, judges, words, rounds=request.rounds,
                        seed=request.seed, show_image=request.show_image)
        )  # fmt: skip
        progress = Progress(len(wanted), "judgements")
        try:
            made = round.judge_all(wanted, kept, show_image=request.show_image,
                                   concurrency=request.concurrency,
                                   report=progress.update)  # fmt: skip
        except (KeyboardInterrupt, LeapcasaError):
            progress.close()
            console.note(f"{len(kept)} judgements are kept; the same command goes on")
            raise
        finally:
            progress.close()
        review = Review(
            models=tuple(given.by_model), judges=tuple(judge.label for judge in judges),
            judgements=made, prices=prices,
        )  # fmt: skip
        if not review.ratings:
            _tell(review, given, console)
            raise LeapcasaError("no judgement could be used, see above")
        value = _value(request, given, samples, words, review)
        files = _write(folder, given, review, value)
    _tell(review, given, console)
    console.result({**value, "out": folder, "files": files}, _text(value, folder))
    return 1 if review.unusable or given.errors else 0


def _check(request: ReviewRequest) -> None:
    if (request.data is None) == (request.csv is None):
        raise ConfigError("name either --data (LEAP's JSONL) or --csv (its tool's outputs)")
    if request.csv is not None and (request.models or request.plans):
        raise ConfigError("--csv brings its own plans; leave --model and --plans out")
    for name, value in (
        ("--rounds", request.rounds),
        ("--concurrency", request.concurrency),
        ("--limit", request.limit if request.limit is not None else 1),
    ):
        if value < 1:
            raise ConfigError(f"{name} {value} is impossible; give 1 or more")
    if request.timeout <= 0 or request.judge_temperature < 0:
        raise ConfigError("--timeout must be above 0, --judge-temperature at least 0")


def _own(request: ReviewRequest, named: Sequence[str]) -> list[str]:
    """The overrides that are for these labels, or for everything."""
    labels = {checkpoints.labelled(text, "")[0] for text in (*request.models, *request.judges)}
    wanted = {checkpoints.labelled(text, "")[0] for text in named}
    kept: list[str] = []
    for one in request.overrides:
        label, dot, _ = one.partition("=")[0].rpartition(".")
        if not dot or label in wanted or label not in labels:
            kept.append(one)
    return kept if named else []


def _judges(request: ReviewRequest) -> list[ReviewJudge]:
    if not request.judges:
        raise ConfigError(
            "name at least one judge: --judge LABEL=https://HOST/v1#MODEL, or --judge LABEL=PATH "
            "of a local Qwen3-VL"
        )
    found: list[ReviewJudge] = []
    key = os.environ.get(request.api_key_env, "") if request.api_key_env else ""
    for text in request.judges:
        label, where = checkpoints.labelled(text, "--judge")
        if where.startswith(("http://", "https://")):
            base, mark, model = where.partition("#")
            if not mark or not model:
                raise ConfigError(f"--judge {text!r}: say which model, {label}={base}#MODEL")
            judge: ReviewJudge = Endpoint(
                label=label if label != where else model, base=base, model=model, key=key,
                temperature=request.judge_temperature, timeout=request.timeout,
            )  # fmt: skip
        else:
            [model] = checkpoints.models([text], _own(request, [text]), PixelBudget(), "--judge")
            judge = LocalJudge(model)
        if any(other.label == judge.label for other in found):
            raise ConfigError(f"two judges are called {judge.label!r}; write LABEL=...")
        found.append(judge)
    return found


def _prices(
    request: ReviewRequest, judges: Sequence[ReviewJudge]
) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    labels = [judge.label for judge in judges]
    for text in request.prices:
        label, _, numbers = text.partition("=")
        try:
            read, written = (float(number) for number in numbers.split(","))
        except ValueError:
            read = written = -1.0
        if label not in labels or not (0 <= read < 1e6 and 0 <= written < 1e6):
            raise ConfigError(
                f"--price {text!r}: write JUDGE=IN,OUT in dollars per million tokens, JUDGE one of "
                f"{', '.join(labels)}"
            )
        found[label] = (read, written)
    return found


def _given(request: ReviewRequest, models: Sequence[Model]) -> _Plans:
    """Samples and the plans that are there already."""
    if request.csv is not None:
        samples, by_model = plans.read_csv(request.csv)
        samples = samples[: request.limit]
    else:
        assert request.data is not None
        samples, by_model = plans.read_data(request.data, request.limit), {}
        for text in request.plans:
            label, equals, path = text.partition("=")
            where = Path(path if equals else text)
            name = label if equals else where.stem
            if name in by_model:
                raise ConfigError(f"--plans {text!r}: {name!r} is there twice; write LABEL=FILE")
            by_model[name] = plans.read_plans(where)
    names = [*by_model, *(model.label for model in models)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"two sets of plans are called {twice!r}")
    if not 2 <= len(names) <= question.MOST_PLANS:
        raise ConfigError(
            f"a review compares 2 to {question.MOST_PLANS} models; {len(names)} are named "
            "(--model, --plans)"
        )
    return _Plans(samples=samples, by_model=by_model, errors={})


def _write_plans(
    request: ReviewRequest,
    given: _Plans,
    models: Sequence[Model],
    folder: Path,
    console: Console,
) -> None:
    """Have the models write what is missing."""
    if not models:
        return
    sampling = Sampling(
        max_new_tokens=request.max_new_tokens, temperature=request.temperature,
        top_p=request.top_p, seed=request.seed,
    )  # fmt: skip
    with contextlib.closing(plans.open_journal(folder / "plans")) as kept:
        for model in models:
            progress = Progress(len(given.samples), "plans")
            try:
                made, errors = plans.write_plans(
                    model, given.samples, sampling, kept, progress.update
                )
            finally:
                progress.close()
            given.by_model[model.label] = made
            given.errors.update({f"{model.label}, {name}": why for name, why in errors.items()})


def _complete(given: _Plans, console: Console) -> list[Sample]:
    """Samples that every model has a plan for; only these are compared."""
    kept: list[Sample] = []
    for sample in given.samples:
        missing = [name for name, found in given.by_model.items() if sample.id not in found]
        for name in missing:
            given.errors.setdefault(f"{name}, {sample.id}", "no plan; the sample is left out")
        if not missing:
            kept.append(sample)
    if not kept:
        raise ConfigError("no sample has a plan of every model; ids must be those of the data")
    if len(kept) < len(given.samples):
        console.note(f"{len(kept)} of {len(given.samples)} samples have a plan of every model")
    return kept


def _default_folder(request: ReviewRequest) -> Path:
    """The same request finds the same folder again."""
    facts = json.dumps(asdict(replace(request, out=None)), sort_keys=True, default=str)
    return Path("outputs") / f"plan-review_{hashlib.sha256(facts.encode()).hexdigest()[:8]}"


def _value(
    request: ReviewRequest,
    given: _Plans,
    samples: Sequence[Sample],
    words: question.Rubric,
    review: Review,
) -> dict[str, Any]:
    return {
        "data": str((request.data or request.csv or Path()).expanduser().absolute()),
        "samples": len(samples),
        "rounds": request.rounds,
        "seed": request.seed,
        "image": request.show_image,
        "rubric": str(request.rubric or "built-in"),
        "rubric_sha256": words.digest,
        "errors": dict(given.errors),
        "prices": dict(review.prices),
        "review": report.as_json(review),
    }


def _write(folder: Path, given: _Plans, review: Review, value: Mapping[str, Any]) -> dict[str, str]:
    found = value["review"]
    rows = [
        {"model": model, "sample": sample.id, "task": sample.task, "plan": texts.get(sample.id)}
        for model, texts in given.by_model.items()
        for sample in given.samples
    ]  # fmt: skip
    picture = report.chart(found, "png")
    contents = {
        "plans_reviewed.jsonl": "".join(json.dumps(row) + "\n" for row in rows).encode(),
        "ratings.csv": report.ratings_csv(review),
        "scores.png": picture,
        "scores.svg": report.chart(found, "svg"),
        "report.html": report.html(review, found, picture),
    }
    for name, content in contents.items():
        replace_file(folder / name, lambda stream, content=content: stream.write(content))
    write_json(folder / "results.json", value)
    return {name: str(folder / name) for name in ("results.json", *contents)}


def _tell(review: Review, given: _Plans, console: Console) -> None:
    troubles = [f"{name}: {why}" for name, why in given.errors.items()]
    troubles += [
        f"unusable judgement of {one.judge} on {one.sample}: {one.trouble}"
        for one in review.unusable
    ]
    for line in troubles[:SHOWN]:
        console.note(line)
    if len(troubles) > SHOWN:
        console.note(f"and {len(troubles) - SHOWN} more, see {round.FILE}")


def _text(value: Mapping[str, Any], folder: Path) -> str:
    found = value["review"]
    tables = [
        report.scores_table(found),
        report.comparison_table(found),
        report.judges_table(found),
    ]
    alpha = found["agreement"]
    between = (
        [f"agreement between judges (Krippendorff's alpha, final): {alpha[question.FINAL]:.2f}"]
        if alpha and alpha[question.FINAL] is not None
        else []
    )
    return "\n\n".join(
        [*map(shown, tables), *between, *report.EXPLAINED, f"{folder / 'report.html'}"]
    )
