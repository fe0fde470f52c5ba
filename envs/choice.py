"""Which fixture, and which part of it, a subtask means in this kitchen. Privileged, as the referee.

Words rarely name one fixture among several of a kind. The task's own references decide first, then
the state (only what is open can be closed), then what is nearest to the robot.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..configs.errors import EnvironmentFault
from . import things
from .skills import Skill, Target
from .yaml_cache import cached_yaml

_KINDS: dict[Target, tuple[str, ...]] = {
    "faucet": ("Sink",),
    "spout": ("Sink",),
    "sink": ("Sink",),
    "kettle": ("ElectricKettle",),
    "kettle_lid": ("ElectricKettle",),
    "dishwasher": ("Dishwasher",),
    "dishwasher_door": ("Dishwasher",),
    "dishwasher_rack": ("Dishwasher",),
    "microwave": ("Microwave",),
    "microwave_door": ("Microwave",),
    "oven": ("Oven",),
    "oven_door": ("Oven",),
    "oven_rack": ("Oven",),
    "toaster_oven": ("ToasterOven",),
    "toaster_oven_door": ("ToasterOven",),
    "toaster": ("Toaster",),
    "coffee_machine": ("CoffeeMachine",),
    "stand_mixer": ("StandMixer",),
    "hood": ("Hood",),
    "shelves": ("OpenCabinet",),
    "fridge": ("Fridge",),
    "fridge_door": ("Fridge",),
    "cabinet_door": ("SingleCabinet", "HingeCabinet"),
    "drawer": ("Drawer",),
    "burner": ("Stove", "Stovetop"),
    "stove": ("Stove", "Stovetop"),
    "pan": ("Stove", "Stovetop"),
    "jug": ("Counter",),
}
"""RoboCasa's fixture classes behind each target."""


def fixtures(raw: Any, target: Target, here: npt.NDArray[np.floating[Any]]) -> list[Any]:
    """The fixtures a target may mean, the likeliest first.

    Those the task itself refers to, the robot's own place among them first; if there are none,
    every one of the kind, the nearest first.

    Args:
        raw: RoboCasa's environment.
        target: what is named.
        here: (2,) or (3,) where the robot stands, world [m].

    Raises:
        EnvironmentFault: if the kitchen has none.
    """
    every = [f for f in raw.fixtures.values() if is_a(f, _KINDS[target])]
    if not every:
        raise EnvironmentFault(f"this kitchen has no {target.replace('_', ' ')}")
    refs = [v[0] if isinstance(v, tuple) else v for v in raw.fixture_refs.values()]
    meant: list[Any] = []
    for one in [raw.init_robot_base_ref, *refs, *vars(raw).values()]:
        if any(one is other for other in every) and all(one is not other for other in meant):
            meant.append(one)
    return meant or sorted(every, key=lambda f: _away(f, here))


def count(raw: Any, target: Target) -> int:
    """How many fixtures of a kind a kitchen has."""
    return sum(is_a(f, _KINDS[target]) for f in raw.fixtures.values())


def fixture(raw: Any, skill: Skill, here: npt.NDArray[np.floating[Any]]) -> Any:
    """The fixture a subtask means: of several the task refers to, the nearest that needs it.

    Raises:
        EnvironmentFault: if the kitchen has none.
    """
    likely = fixtures(raw, skill.target, here)
    if skill.verb not in ("open", "close") or len(likely) == 1:
        return likely[0]
    undone = [f for f in likely if not _done(f, raw, skill.verb)]
    return min(undone, key=lambda f: _away(f, here)) if undone else likely[0]


def part(raw: Any, skill: Skill, fixture: Any) -> str:
    """Which part of a fixture is meant: the burner's place, a thing's name, else nothing.

    A burner is named by the words, else by the task, else it is the one whose state fits.

    Raises:
        EnvironmentFault: if the stove has no such burner, or there is no such thing.
    """
    if skill.target == "pan":
        return things.named(raw, "pan")
    if skill.carries:
        return things.named(raw, "blender_jug")
    if skill.target != "burner":
        return ""
    places = burners(fixture)
    named = [p for p in places if _fits(p, skill.row) and _fits(p, skill.side)]
    if not named:
        raise EnvironmentFault(f"the stove has no burner there; it has {', '.join(places)}")
    if len(named) == 1:
        return named[0]
    if getattr(raw, "knob", None) in named:
        return str(raw.knob)
    wanted = skill.verb == "turn_off"
    fitting = [p for p in named if bool(fixture.is_burner_on(env=raw, burner_loc=p)) == wanted]
    return (fitting or named)[0]


def burners(fixture: Any) -> list[str]:
    """The places of a stove's burners that have a knob, by their names in RoboCasa's contract."""
    return [place for place, joint in fixture.knob_joints.items() if joint is not None]


def doors(fixture: Any, side: str | None = None) -> list[str]:
    """The joints of a fixture's doors, by their names in RoboCasa's contract.

    Args:
        fixture: RoboCasa's own object; of a fridge, the freezer's doors do not count.
        side: left or right; ignored where no door has a side.

    Raises:
        EnvironmentFault: if it has no door.
    """
    names: Sequence[str] = (
        getattr(fixture, "_fridge_door_joint_names", None) or fixture.door_joint_names
    )
    suffixes = [str(name).removeprefix(fixture.naming_prefix) for name in names]
    if side is not None:
        suffixes = [name for name in suffixes if side in name] or suffixes
    if not suffixes:
        raise EnvironmentFault(f"fixture {fixture.name!r} has no door")
    return suffixes


def stand(raw: Any, fixture: Any) -> tuple[npt.NDArray[np.float64], float]:
    """Where RoboCasa would put a robot that is to work at a fixture, and its yaw [m, rad].

    `NavigateKitchen` asks for this place.
    """
    from robocasa.utils.env_utils import compute_robot_base_placement_pose

    before = raw.rng.bit_generator.state
    try:
        with cached_yaml():  # it reads the layout's file anew each time
            place, turned = compute_robot_base_placement_pose(raw, fixture)
    finally:
        raw.rng.bit_generator.state = before
    return np.array([place[0], place[1], 0.0]), float(turned[2])


def is_a(fixture: object, kinds: tuple[str, ...]) -> bool:
    """True if a fixture is of one of RoboCasa's classes, by name."""
    return any(parent.__name__ in kinds for parent in type(fixture).__mro__)


def _done(fixture: Any, raw: Any, verb: str) -> bool:
    return bool(fixture.is_open(raw) if verb == "open" else fixture.is_closed(raw))


def _away(fixture: Any, here: npt.NDArray[np.floating[Any]]) -> float:
    return float(np.linalg.norm(np.asarray(fixture.pos)[:2] - here[:2]))


def _fits(place: str, word: str | None) -> bool:
    return word is None or word in place.split("_")
