"""The catalogue of RoboCasa365's tasks, read from the package's sources without importing it.

370 concrete kitchen tasks: 70 atomic and 300 composite. 365 of them are the benchmark's: all
composite ones, and the 65 atomic ones that RoboCasa's data-set registry lists.
"""

import ast
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from ..configs import ConfigError, nearest
from .kept import kept
from .standin.registry import Registry

Kind = Literal["atomic", "composite"]

KITCHENS, DATASETS = "environments/kitchen", "utils/dataset_registry.py"
"""Where RoboCasa's package has them."""
_REGISTRY_NAMES = (
    "ATOMIC_TASK_DATASETS",
    "COMPOSITE_TASK_DATASETS",
    "TARGET_TASKS",
    "PRETRAINING_TASKS",
    "LIFELONG_LEARNING_TASKS",
    "MG_DATASET_TASKS",
    "TASK_SET_REGISTRY",
)
_ROOTS = frozenset({"Kitchen"})
_TEMPLATES = frozenset(
    {"PickPlace", "OpenDoor", "CloseDoor", "OpenDropDownDoor", "CloseDropDownDoor"}
)
"""Classes that set no task of their own: their subclasses name the fixture."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task of the catalogue."""

    name: str
    kind: Kind
    activity: str
    """The group RoboCasa files it under, for instance `cleaning_sink`; empty for atomic tasks."""
    horizon: int | None
    """Control steps of an official episode; None for the 53 tasks without official data."""
    sets: tuple[str, ...]
    """The task sets it belongs to."""
    description: str
    """The class's docstring: public words about the task, its steps among them."""

    benchmark: bool
    """True for the 365 tasks of the benchmark."""


@cache
def all_tasks() -> Mapping[str, Task]:
    """Every concrete kitchen task by name, in alphabetical order."""
    tasks = (Task(**{**entry, "sets": tuple(entry["sets"])}) for entry in _catalogue()["tasks"])
    return {found.name: found for found in tasks}


@cache
def task_sets() -> Mapping[str, tuple[str, ...]]:
    """RoboCasa's task sets: name -> task names in RoboCasa's order."""
    return {name: tuple(members) for name, members in _catalogue()["sets"].items()}


@cache
def _catalogue() -> Mapping[str, Any]:
    """`tasks` and `sets`; parsing RoboCasa's sources takes most of a short command's time."""
    package = Registry.load().package
    sources = [*(package / KITCHENS).rglob("*.py"), package / DATASETS, Path(__file__)]
    return kept("tasks", sources, lambda: _parsed(package))


def _parsed(package: Path) -> dict[str, Any]:
    data = _dataset_registry(package)
    tasks = [asdict(found) for found in _all_tasks(package, data)]
    sets = {name: list(members) for name, members in data["TASK_SET_REGISTRY"].items()}
    return {"tasks": tasks, "sets": sets}


def _all_tasks(package: Path, data: Mapping[str, Any]) -> list[Task]:
    horizons = {
        name: int(entry["horizon"])
        for part in ("ATOMIC_TASK_DATASETS", "COMPOSITE_TASK_DATASETS")
        for name, entry in data[part].items()
    }
    sets: dict[str, list[str]] = {}
    for set_name, members in data["TASK_SET_REGISTRY"].items():
        for member in members:
            sets.setdefault(member, []).append(set_name)
    found: dict[str, Task] = {}
    for source in _concrete_classes(package / KITCHENS):
        listed = source.name in data["ATOMIC_TASK_DATASETS"]
        # One task lies in the composite folder and is listed as atomic: the list decides.
        kind: Kind = "atomic" if listed else source.kind
        found[source.name] = Task(
            name=source.name,
            kind=kind,
            activity=source.activity,
            horizon=horizons.get(source.name),
            sets=tuple(sets.get(source.name, ())),
            description=source.description,
            benchmark=listed or kind == "composite",
        )
    return [found[name] for name in sorted(found)]


def task(name: str) -> Task:
    """One task by its exact name.

    Raises:
        ConfigError: if there is none, with the nearest names.
    """
    tasks = all_tasks()
    if name not in tasks:
        raise ConfigError(
            f"unknown task {name!r}{nearest(name, tasks)}; `leapcasa tasks` lists all {len(tasks)}"
        )
    return tasks[name]


def task_set(name: str) -> tuple[Task, ...]:
    """The tasks of one set.

    Raises:
        ConfigError: if there is no such set, with the nearest names.
    """
    sets = task_sets()
    if name not in sets:
        raise ConfigError(
            f"unknown task set {name!r}{nearest(name, sets)}; there are {', '.join(sorted(sets))}"
        )
    return tuple(task(member) for member in sets[name])


def _dataset_registry(package: Path) -> Mapping[str, Any]:
    """The literal parts of `robocasa.utils.dataset_registry`, by their names there."""
    source = (package / DATASETS).read_text()
    scope: dict[str, Any] = {"__builtins__": {"dict": dict, "list": list, "set": set}}
    scope["OrderedDict"] = OrderedDict
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name in _REGISTRY_NAMES:
                scope[name] = eval(compile(ast.Expression(node.value), name, "eval"), scope)
    return {name: scope[name] for name in _REGISTRY_NAMES}


@dataclass(frozen=True, kw_only=True)
class _Source:
    name: str
    kind: Kind
    activity: str
    bases: tuple[str, ...]
    needs_arguments: bool | None
    """Whether its constructor has arguments without default; None if it has no constructor."""
    description: str


def _concrete_classes(folder: Path) -> Iterator[_Source]:
    classes = {source.name: source for source in _classes(folder)}

    def derives(name: str) -> bool:
        return name in _ROOTS or (
            name in classes and any(derives(base) for base in classes[name].bases)
        )

    def abstract(name: str) -> bool:
        if name not in classes:
            return False
        own = classes[name].needs_arguments
        return own if own is not None else any(abstract(base) for base in classes[name].bases)

    for name, source in classes.items():
        if derives(name) and not abstract(name) and name not in _TEMPLATES:
            yield source


def _classes(folder: Path) -> Iterator[_Source]:
    kinds: tuple[Kind, ...] = ("atomic", "composite")
    for kind in kinds:
        for path in sorted((folder / kind).rglob("*.py")):
            activity = path.parent.name if kind == "composite" else ""
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef):
                    yield _Source(
                        name=node.name,
                        kind=kind,
                        activity=activity,
                        bases=tuple(b.id for b in node.bases if isinstance(b, ast.Name)),
                        needs_arguments=_needs_arguments(node),
                        description=ast.get_docstring(node) or "",
                    )


def _needs_arguments(node: ast.ClassDef) -> bool | None:
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            arguments = item.args
            return len(arguments.args) - 1 > len(arguments.defaults)
    return None
