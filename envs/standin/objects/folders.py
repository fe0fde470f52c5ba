"""Which object models the installed RoboCasa wants: folders, instance names and scales.

Names come from four places: fixture registries that use object models as furniture, exclude lists
that tell two categories of a shared folder apart (frying pans and saucepans), tasks that name
instances in their code, and plain numbering up to the wanted count.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..registry import Registry
from .catalogue import CATALOGUE

INSTANCES = {"objaverse": 10, "lightwheel": 10, "aigen_objs": 8}
"""Valid instances per category and registry; RoboCasa keeps up to five of them for `target`."""

MINIMUM = 4
"""Two instances for each split, where exclude lists leave no room for more."""

_FOLDER = {"objaverse": "objaverse", "aigen": "aigen_objs", "lightwheel": "lightwheel"}
_LITERAL = re.compile(r"\b(aigen_objs|objaverse|lightwheel)/(\w+)/(\w+)/model\.xml")
_FRUIT = re.compile(r'"((?:orange|lemon|lime|tangerine|apple|grapefruit)_\d+)"')
_SHARED = 10
"""An exclude list longer than this tells two categories of one folder apart."""


@dataclass(frozen=True)
class User:
    """One category that draws instances from a folder."""

    category: str
    exclude: frozenset[str]
    scale: tuple[float, float, float]


@dataclass
class Folder:
    """One folder of instances, `objects/<path>/<instance>/model.xml`.

    Attributes:
        path: registry folder and leaf, for example "objaverse/pan".
        users: the categories that sample from it.
        names: instances that must exist.
        sizes: instance -> the `size` its fixture registry scales it to.
    """

    path: str
    users: list[User] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    sizes: dict[str, list[float | None]] = field(default_factory=dict)

    @property
    def leaf(self) -> str:
        """The folder's own name, usually the category's."""
        return self.path.split("/")[-1]

    def user_of(self, instance: str) -> User:
        """The category this instance is drawn as.

        Of those that do not exclude it the pickiest one: a jug with a wide opening is a jug, too.
        """
        if not self.users:
            return User(self.leaf, frozenset(), (1.0, 1.0, 1.0))
        accepting = [u for u in self.users if instance not in u.exclude] or self.users
        return max(accepting, key=lambda u: (len(u.exclude), u.category == self.leaf))

    def instances(self) -> list[str]:
        """All instance names, sorted: the named ones, and enough more for every user."""
        told_apart = len(self.users) > 1 and any(len(u.exclude) > _SHARED for u in self.users)
        # A filler would be accepted by both: a frying pan where a task asks for a saucepan.
        want = MINIMUM if told_apart else INSTANCES[self.path.split("/")[0]]
        names = set(self.names)
        number = 0
        while any(len(names - u.exclude) < want for u in self.users) and number < 500:
            names.add(self._numbered(number))
            number += 1
        return sorted(names)

    def _numbered(self, i: int) -> str:
        if self.path.startswith("lightwheel/"):
            return "".join(p.capitalize() for p in self.leaf.split("_")) + f"{i + 1:03d}"
        return f"{self.leaf}_{i}"


def _scale(value: Any) -> tuple[float, float, float]:
    if isinstance(value, list | tuple):
        x, y, z = (float(v) for v in value)
        return x, y, z
    return float(value), float(value), float(value)


def _categories(registry: Registry, folders: dict[str, Folder]) -> None:
    for category, raw in sorted(registry.categories.items()):
        for key, base in _FOLDER.items():
            spec: Mapping[str, Any] | None = raw.get(key)
            if spec is None or spec.get("is_auxiliary_obj"):
                continue
            exclude = frozenset(spec.get("exclude") or ())
            user = User(category, exclude, _scale(spec.get("scale", 1.0)))
            for path in spec.get("model_folders") or [f"{base}/{category}"]:
                folder = folders.setdefault(path, Folder(path))
                folder.users.append(user)
                if len(exclude) > _SHARED:
                    folder.names |= exclude


def _furniture(registry: Registry, folders: dict[str, Folder]) -> None:
    for fixture in registry.fixtures:
        for xml, entry in registry.instances(fixture).items():
            parts = xml.removesuffix("/model.xml").split("/")
            if parts[0] != "objects" or len(parts) < 4:
                continue
            path = f"{parts[1]}/{parts[2]}"
            folder = folders.setdefault(path, Folder(path))
            folder.names.add(parts[3])
            size = entry.get("size")
            if isinstance(size, list):
                key = "/".join(parts[3:])
                folder.sizes[key] = list(size)


def _code(registry: Registry, folders: dict[str, Folder]) -> None:
    for text in registry.sources(".py"):
        for base, leaf, name in _LITERAL.findall(text):
            path = f"{base}/{leaf}"
            folders.setdefault(path, Folder(path)).names.add(name)
        for name in _FRUIT.findall(text):
            path = f"objaverse/{name.rsplit('_', 1)[0]}"
            if path in folders:
                folders[path].names.add(name)


def folders(registry: Registry) -> Iterator[Folder]:
    """All folders in alphabetical order.

    Raises:
        KeyError: if RoboCasa names a category that the catalogue does not know.
    """
    found: dict[str, Folder] = {}
    _categories(registry, found)
    _furniture(registry, found)
    _code(registry, found)
    for path in sorted(found):
        folder = found[path]
        unknown = [u.category for u in folder.users if u.category not in CATALOGUE]
        if unknown or (not folder.users and folder.leaf not in CATALOGUE):
            raise KeyError(f"the catalogue has no entry for {unknown or folder.leaf} ({path})")
        yield folder
