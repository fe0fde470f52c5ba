"""What the installed RoboCasa package asks of an asset pack, read without importing it.

Importing `robocasa` fixes its asset folder for the life of the process, so a pack has to be built
before. Everything here comes from the package's YAML and Python sources as text.
"""

import ast
import importlib.util
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from ...configs import EnvironmentFault

Entry = Mapping[str, Any]
"""One entry of a fixture registry, merged with the registry's `default`."""


@dataclass(frozen=True)
class Registry:
    """The installed RoboCasa package, seen as a list of demands on its assets.

    Attributes:
        package: folder of the `robocasa` package.
    """

    package: Path

    @classmethod
    def load(cls) -> "Registry":
        """Find the installed package.

        Raises:
            EnvironmentFault: if robocasa is not installed.
        """
        spec = importlib.util.find_spec("robocasa")
        if spec is None or spec.origin is None:
            raise EnvironmentFault(
                "the package robocasa is not installed; mend: `make install`, "
                "or pip install --no-deps rlinf-robocasa365==1.0.1"
            )
        return cls(package=Path(spec.origin).parent)

    @property
    def bundled_assets(self) -> Path:
        """The small part of the assets that the package itself carries (3.6 MB)."""
        return self.package / "models" / "assets"

    @cached_property
    def fixtures(self) -> Mapping[str, Mapping[str, Entry]]:
        """Fixture kind -> entry name -> entry, for every `fixture_registry/*.yaml`."""
        out: dict[str, Mapping[str, Entry]] = {}
        for path in sorted((self.bundled_assets / "fixtures/fixture_registry").glob("*.yaml")):
            raw = _read_yaml(path)
            default = raw.get("default") or {}
            out[path.stem] = {
                name: {**default, **entry} for name, entry in raw.items() if name != "default"
            }
        return out

    @cached_property
    def defaults(self) -> Mapping[str, Entry]:
        """Fixture kind -> the `default` entry of its registry (empty if it has none)."""
        folder = self.bundled_assets / "fixtures/fixture_registry"
        return {p.stem: _read_yaml(p).get("default") or {} for p in sorted(folder.glob("*.yaml"))}

    @cached_property
    def styles(self) -> Mapping[int, Mapping[str, Any]]:
        """Style id -> which fixture instances a kitchen of that style has."""
        paths = (self.bundled_assets / "scenes/kitchen_styles").glob("*/*.yaml")
        return {int(re.findall(r"\d+", p.stem)[0]): _read_yaml(p) for p in sorted(paths)}

    @cached_property
    def categories(self) -> Mapping[str, Mapping[str, Any]]:
        """Object category -> its raw description in RoboCasa's `OBJ_CATEGORIES`.

        Lists built from sets there come in no fixed order: sort before use.
        """
        source = (self.package / "models/objects/kitchen_objects.py").read_text()
        for node in ast.parse(source).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == (
                "OBJ_CATEGORIES"
            ):
                return _evaluate(node.value)
        raise EnvironmentFault(f"no OBJ_CATEGORIES in {self.package}; is this RoboCasa 1.0.1?")

    def instances(self, fixture: str) -> dict[str, Entry]:
        """Model path (`xml` of the registry, relative to the pack) -> first entry that uses it."""
        out: dict[str, Entry] = {}
        for entry in self.fixtures[fixture].values():
            if "xml" in entry:
                out.setdefault(entry["xml"], entry)
        return out

    def allowed_instances(self, task_file: str, fixture: str) -> frozenset[str]:
        """Instances of a fixture that occur in the styles a task does not exclude.

        A task's `EXCLUDE_STYLES` says which real models lack a feature (two basins, two pairs of
        slots, two racks); the stand-ins that remain must have it.

        Args:
            task_file: file name of the task, for instance `divide_basins.py`.
            fixture: fixture kind, for instance `sink`.

        Returns:
            Last components of the model paths.
        """
        path = next((self.package / "environments").rglob(task_file))
        found = re.search(r"EXCLUDE_STYLES = (\[[^\]]*\])", path.read_text())
        excluded = set(ast.literal_eval(found.group(1))) if found else set()
        names = {
            name
            for style, content in self.styles.items()
            if style not in excluded
            for name in _names(content.get(fixture))
        }
        entries = self.fixtures[fixture]
        models = {entries[n]["xml"].split("/")[-1] for n in names if "xml" in entries.get(n, {})}
        return frozenset(models)

    def sources(self, *suffixes: str) -> Iterator[str]:
        """The text of the package's files with these suffixes, in a fixed order."""
        for path in sorted(self.package.rglob("*")):
            if path.suffix in suffixes and path.is_file():
                yield path.read_text(errors="ignore")


def _read_yaml(path: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(), Loader=loader) or {}


def _names(value: Any) -> Iterator[str]:
    """All strings inside nested lists and dictionaries."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner)


def _evaluate(node: ast.expr) -> Any:
    """The value of one expression of the package's source, given plain containers and no more."""
    allowed = {"dict": dict, "list": list, "set": set, "range": range}
    return eval(compile(ast.Expression(node), "OBJ_CATEGORIES", "eval"), {"__builtins__": allowed})
