"""Which criterion a subtask has. Privileged, as the referee."""

from ..configs.errors import EnvironmentFault
from .handling import PickedUp, Placed, Rotated
from .predicates import (
    CLOSED_SHARE,
    DRAWER_CLOSED_SHARE,
    DRAWER_OPEN_SHARE,
    DRAWER_WAY,
    LID_CLOSED_SHARE,
    OPEN_SHARE,
    RACK_FULLY_OUT_SHARE,
    RACK_IN_SHARE,
    RACK_OUT_SHARE,
    Burner,
    Doors,
    EveryDoor,
    Hot,
    HotWater,
    Near,
    Pointed,
    Power,
    Predicate,
    Rinsed,
    Share,
    Swept,
    Waited,
    Water,
)
from .skills import Skill, Target


def predicate_for(skill: Skill) -> Predicate:
    """The criterion of a subtask.

    Raises:
        EnvironmentFault: if the referee has no criterion for it yet.
    """
    key = (skill.verb, skill.target)
    if skill.verb == "turn" and skill.side is not None:
        return Pointed(skill.side)
    if skill.verb == "drive_to":
        return Near()
    if skill.target in _DOORS:
        doors = _doors(skill)
        return EveryDoor(skill.target, doors) if skill.every else doors
    if skill.target == "dishwasher_rack":
        suffix = "rack0_joint" if skill.level == "bottom" else "rack1_joint"
        if skill.verb == "push_in":
            return Share(suffix, RACK_IN_SHARE, rising=False)
        return Share(suffix, RACK_FULLY_OUT_SHARE if skill.fully else RACK_OUT_SHARE, rising=True)
    if skill.verb == "wait":
        return Waited(skill.steps)
    if skill.hot:
        return HotWater()
    if skill.target == "burner":
        return Burner(on=skill.verb == "turn_on")
    found = _TABLE.get(key)
    if found is None:
        raise EnvironmentFault(
            f"the referee has no criterion for {skill.verb.replace('_', ' ')} "
            f"{skill.target.replace('_', ' ')} yet; choose a judge and a policy that need no truth"
        )
    return found


def _doors(skill: Skill) -> Doors:
    """Doors and drawers; of a pair of drawers, left and right say which drawer."""
    opened = skill.verb in ("open", "pull_out")
    if skill.target == "drawer":
        share = DRAWER_OPEN_SHARE if opened else DRAWER_CLOSED_SHARE
        return Doors(opened=opened, share=share * DRAWER_WAY)
    return Doors(opened=opened, share=OPEN_SHARE if opened else CLOSED_SHARE, side=skill.side)


_DOORS: frozenset[Target] = frozenset(
    [
        *("dishwasher_door", "oven_door", "toaster_oven_door", "microwave_door"),
        *("fridge_door", "cabinet_door", "drawer"),
    ]
)
_TABLE: dict[tuple[str, str], Predicate] = {
    ("turn_on", "faucet"): Water(on=True),
    ("turn_off", "faucet"): Water(on=False),
    ("set_hot", "faucet"): Hot(),
    ("rinse", "faucet"): Rinsed(),
    ("sweep", "spout"): Swept(),
    ("rotate", "pan"): Rotated(),
    ("pick_up", "jug"): PickedUp(),
    ("place", "sink"): Placed(),
    ("turn_on", "kettle"): Power(on=True),
    ("turn_off", "kettle"): Power(on=False),
    ("turn_on", "microwave"): Power(on=True),
    ("turn_off", "microwave"): Power(on=False),
    ("open", "kettle_lid"): Share("lid_joint", OPEN_SHARE, rising=True),
    ("close", "kettle_lid"): Share("lid_joint", LID_CLOSED_SHARE, rising=False),
}
