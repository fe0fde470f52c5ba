"""What an episode takes place in, as data for the record."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from .world import World


@dataclass(frozen=True, kw_only=True)
class SceneRecord:
    """One scene; `Kitchen.from_record` builds it again."""

    task: str
    split: str
    seed: int
    layout: int
    style: int
    instruction: str
    objects: Mapping[str, str] = field(default_factory=dict)
    """Name in the scene -> registry, category and instance of the object model."""
    fixtures: Mapping[str, str] = field(default_factory=dict)
    """Role in the task -> name of the fixture."""
    layout_pinned: bool = False
    """The layout was asked for, not drawn by the seed."""
    style_pinned: bool = False
    assets: str = ""
    """Kind and version of the assets it was built from."""

    def differences(self, other: "SceneRecord") -> list[str]:
        """The fields in which two scenes differ, with both values."""
        return [
            f"{f.name}: {getattr(self, f.name)!r} / {getattr(other, f.name)!r}"
            for f in fields(self)
            if getattr(self, f.name) != getattr(other, f.name)
        ]


def describe(world: World, assets: str) -> SceneRecord:
    """The record of a world that was just built."""
    request, meta = world.request, world.env.get_ep_meta()
    return SceneRecord(
        task=request.task,
        split=request.split,
        seed=request.seed,
        layout=int(world.env.layout_id),
        style=int(world.env.style_id),
        instruction=str(meta.get("lang", "")),
        objects={cfg["name"]: _model_name(cfg) for cfg in world.env.object_cfgs},
        fixtures={str(role): str(name) for role, name in meta.get("fixture_refs", {}).items()},
        layout_pinned=request.layout is not None,
        style_pinned=request.style is not None,
        assets=assets,
    )


def _model_name(config: Mapping[str, Any]) -> str:
    """`registry/category/instance` of one entry of RoboCasa's `object_cfgs`."""
    path = str(config.get("info", {}).get("mjcf_path", "")).replace("\\", "/")
    return path.rpartition("/objects/")[2].rpartition("/")[0]
