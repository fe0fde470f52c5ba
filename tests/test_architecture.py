"""The house rules that a test can hold: import arrows, light imports, complete packages."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "configs": set(),
    "envs": {"configs"},
    "vlm": {"configs"},
    "sight": {"configs"},
    "policies": {"configs", "envs", "vlm", "sight"},
    "judges": {"configs", "envs", "vlm", "sight"},
    "agent": {"configs", "envs", "vlm", "policies", "judges"},
    "runs": {"configs", "envs", "vlm", "sight", "policies", "judges", "agent"},
}
MODEL_LIBRARIES = {"transformers", "peft", "bitsandbytes", "tokenizers", "huggingface_hub"}
"""Only the room `vlm` may import them."""
REFEREE_USERS = {
    *("envs/referee.py", "envs/choice.py", "envs/criteria.py", "envs/handling.py"),
    *("judges/referee.py", "agent/docstring.py"),
}
PRIVILEGED = tuple(
    f"envs.{name}" for name in ("referee", "predicates", "criteria", "things", "handling")
)
REFEREE_FOLDERS = ("runs/", "policies/experts/")
LANGUAGE, PHRASES, VOCABULARY = "envs.skills", "envs.phrases", "envs.vocabulary"
"""What words ask for, without a world: they take nothing from the rest of their room."""
SENSORS_ONLY = {
    # What the rooms of the agent may take from the world: no kitchen, no truth.
    "policies": {"envs.sensors", LANGUAGE},
    "judges": {"envs.sensors", LANGUAGE},
    "agent": {"envs.sensors", "envs.ring", LANGUAGE, PHRASES},
}


def imports(source: str, module: str) -> Iterator[str]:
    """Every module of ours that a source imports, as a dotted path below the namespace."""
    package = module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for name in node.names:
                if name.name.startswith("leapcasa."):
                    yield name.name.removeprefix("leapcasa.")
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = package[: len(package) - node.level + 1]
                path = ".".join([*base, *([node.module] if node.module else [])])
            elif (node.module or "").startswith("leapcasa"):
                path = (node.module or "").removeprefix("leapcasa").lstrip(".")
            else:
                continue
            yield path
            yield from (f"{path}.{name.name}".lstrip(".") for name in node.names)


def foreign(source: str) -> set[str]:
    """Top-level names of the packages a source imports, other than by relative import."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").split(".")[0])
    return found


def modules(room: str) -> Iterator[tuple[str, str, str]]:
    """(path, dotted module, source) of every file of a room."""
    for path in sorted((ROOT / room).rglob("*.py")):
        relative = path.relative_to(ROOT)
        dotted = ".".join(relative.with_suffix("").parts)
        yield relative.as_posix(), dotted, path.read_text()


def upward(room: str, source: str, module: str) -> set[str]:
    """Rooms that a source of `room` must not import, and does."""
    rooms = {path.split(".")[0] for path in imports(source, module)} & set(ALLOWED)
    return rooms - ALLOWED[room] - {room}


def test_rooms_import_only_rooms_before_them():
    wrong = {
        path: found
        for room in ALLOWED
        for path, module, source in modules(room)
        if (found := upward(room, source, module))
    }
    assert not wrong


@pytest.mark.parametrize(
    "planted",
    [
        "from ..runs.cli import main",
        "from .. import runs",
        "import leapcasa.runs.cli",
        "from leapcasa.runs import cli",
        "def f():\n    from ..runs import cli",
    ],
)
def test_a_planted_upward_import_is_caught(planted: str):
    assert upward("envs", planted, "envs.kitchen") == {"runs"}


def test_only_flagged_parts_import_the_referee():
    for room in ALLOWED:
        for path, module, source in modules(room):
            if path in REFEREE_USERS or path.startswith(REFEREE_FOLDERS):
                continue
            taken = set(imports(source, module))
            assert not any(p.startswith(PRIVILEGED) for p in taken), path


def test_agent_policies_and_judges_take_nothing_from_the_world_but_sensors():
    for room, allowed in SENSORS_ONLY.items():
        for path, module, source in modules(room):
            if path in REFEREE_USERS or path.startswith(REFEREE_FOLDERS):
                continue
            taken = {".".join(p.split(".")[:2]) for p in imports(source, module)}
            worldly = {p for p in taken if p.startswith("envs.")}
            assert worldly <= allowed, path


def test_the_reading_of_words_knows_no_world():
    sources = {module: source for _, module, source in modules("envs")}
    taken = set(imports(sources[LANGUAGE], LANGUAGE))
    worldly = {path for path in taken if path.split(".")[0] != "configs"}
    assert {".".join(path.split(".")[:2]) for path in worldly} == {VOCABULARY}
    taken = {path for path in imports(sources[PHRASES], PHRASES) if path != "envs"}
    assert {".".join(path.split(".")[:2]) for path in taken} == {LANGUAGE}
    assert not set(imports(sources[VOCABULARY], VOCABULARY))


def test_only_vlm_imports_the_model_libraries():
    wrong = {
        path: found
        for room in ALLOWED
        if room != "vlm"
        for path, _, source in modules(room)
        if (found := foreign(source) & MODEL_LIBRARIES)
    }
    assert not wrong
    assert foreign("def f():\n    from transformers import AutoModel") == {"transformers"}


def test_every_package_is_listed_for_the_wheel():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = set(project["tool"]["setuptools"]["packages"])
    found = {
        "leapcasa." + ".".join(path.parent.relative_to(ROOT).parts)
        for room in ALLOWED
        for path in (ROOT / room).rglob("__init__.py")
    }
    assert listed == found


def test_no_file_grows_beyond_400_lines():
    long = {
        path: lines
        for room in ALLOWED
        for path, _, source in modules(room)
        if (lines := source.count("\n")) > 400
    }
    assert not long


def test_rooms_import_without_the_simulator():
    rooms = ", ".join(f"leapcasa.{room}" for room in ALLOWED)
    heavy = "{'robocasa', 'robosuite', 'mujoco', 'torch', 'transformers', 'peft'}"
    script = f"import sys, {rooms}\nprint(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
