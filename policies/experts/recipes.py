"""Which skills do which subtask: one short recipe per verb and target.

A recipe chooses geometry (where to stand, which way to point, which joint to which value) and
leaves the moving to the skills. Adding a subtask means adding a recipe here and a criterion in
`envs.predicates`.
"""

from collections.abc import Callable

import numpy as np

from ...envs.skills import Skill
from ...envs.truth import FixtureTruth, Vec3
from .control import hold_action
from .drive import drive_to, heading_to, side_of, stand_at
from .hook import hook
from .motion import UP, Blocked, Motion, Operator
from .pull import find_bar, find_post, pull, slanted
from .push import push
from .sweep import sweep

Recipe = Callable[[Operator, str, Skill], Motion]

LEAN = 0.30
"""How far downward fingers lean away from the robot [rad]; keeps the wrist nearer to it."""
FAUCET_ON_RAD, FAUCET_OFF_RAD = 0.65, 0.10
SPOUT_RAD = {"left": -0.75, "center": 0.0, "right": 0.75}
"""Well inside RoboCasa's limits of 30 degrees for left and right."""
DOOR_TIPS_RAD = 0.34
"""A drop door pulled this far goes on by its own weight, or can be pressed down from inside."""
FALL_STEPS = 70


def down_and_away(place: FixtureTruth, lean: float = LEAN) -> Vec3:
    """Fingers down, leaning into the fixture."""
    return -UP * np.cos(lean) - place.outward * np.sin(lean)


def faucet(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Push the lever until water runs, or stops."""
    place = op.referee.place(fixture)
    goal = FAUCET_ON_RAD if skill.verb == "turn_on" else FAUCET_OFF_RAD
    return (
        yield from push(
            op,
            fixture,
            "handle_joint",
            goal,
            pointing=down_and_away(place),
            opening=place.rot[:, 0],
        )
    )


def spout(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Lead the spout to one side, or over the whole basin."""
    if skill.side is not None:
        return (yield from sweep(op, fixture, "spout_joint", [SPOUT_RAD[skill.side]]))
    value = op.referee.joint(fixture, "spout_joint").value
    ends = [SPOUT_RAD["left"], SPOUT_RAD["right"]]
    nearer_first = sorted(ends, key=lambda end: abs(end - value))
    if op.attempt % 2:
        nearer_first.reverse()
    return (yield from sweep(op, fixture, "spout_joint", nearer_first))


def kettle_lid(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Push the lid over its hinge and down."""
    if skill.verb != "close":
        raise Blocked("opening a kettle lid is not in the repertoire")
    joint, place = op.referee.joint(fixture, "lid_joint"), op.referee.place(fixture)
    return (
        yield from push(
            op,
            fixture,
            "lid_joint",
            joint.at(0.004),
            pointing=down_and_away(place),
            opening=place.rot[:, 0],
        )
    )


def kettle_switch(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Press the switch down."""
    if skill.verb != "turn_on":
        raise Blocked("switching a kettle off is not in the repertoire")
    joint, place = op.referee.joint(fixture, "switch_joint"), op.referee.place(fixture)
    inward = place.center - joint.anchor
    inward[2] = 0.0
    lean = 0.4 * inward / np.linalg.norm(inward)
    return (
        yield from push(
            op,
            fixture,
            "switch_joint",
            joint.at(0.97),
            pointing=down_and_away(place, 0.2) + lean,
            opening=place.rot[:, 0],
        )
    )


def drop_door(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Hook a drop door's handle, tip the door, and let or press it down."""
    ref, place = op.referee, op.referee.place(fixture)
    if skill.verb == "close":
        return (yield from lift_door(op, fixture, skill))
    joint = ref.joint(fixture, "door_joint")
    if joint.value < DOOR_TIPS_RAD:
        bar = find_bar(ref.parts(fixture, "door_joint"), place.outward)
        side = side_of(op, place)
        spot = bar.center + place.rot[:, 0] * side * (0.13 - 0.04 * (op.attempt % 3))
        yield from stand_beside(op, place, spot, side)
        pointing = toward(op, place, down=0.8)
        goal = joint.value + DOOR_TIPS_RAD
        yield from hook(op, fixture, "door_joint", goal, bar=bar, spot=spot, pointing=pointing)
    return (yield from wait_for(op, fixture, "door_joint", joint.at(0.97)))


def lift_door(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Push a drop door up and shut from its outer face."""
    raise Blocked("closing a drop door is not in the repertoire yet")


def rack(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Hook a rack's front rim and draw it out, or push it in."""
    ref, place = op.referee, op.referee.place(fixture)
    suffix = "rack0_joint" if skill.level == "bottom" else "rack1_joint"
    joint = ref.joint(fixture, suffix)
    if skill.verb == "push_in":
        return (
            yield from push(
                op,
                fixture,
                suffix,
                joint.at(0.02),
                pointing=slanted(place, 0.8),
                opening=place.rot[:, 0],
                from_front=True,
            )
        )
    side = side_of(op, place)
    near = place.center + place.rot[:, 0] * side * (-0.12 if op.attempt % 3 == 2 else 0.12)
    bar = find_post(ref.parts(fixture, suffix), place.outward, near)
    yield from stand_beside(op, place, bar.center, side, before=RACK_BEFORE_M)
    pointing = toward(op, place, down=RACK_DOWN_RAD)
    return (
        yield from pull(
            op, fixture, suffix, joint.at(0.75), bar=bar, spot=bar.center, pointing=pointing
        )
    )


def stand_beside(
    op: Operator, place: FixtureTruth, spot: Vec3, side: float, before: float = 0.62
) -> Motion:
    """Stand beside what will swing or slide out, turned towards a spot of it.

    Args:
        op: who drives.
        place: the fixture.
        spot: what the hand is to reach, world.
        side: +1 to stand on the right, -1 on the left.
        before: from the fixture's face to the arm mount [m].
    """
    goal = place.center + place.rot[:, 0] * side * (place.half[0] + BESIDE_M)
    goal = goal + place.outward * (place.half[1] + before)
    facing = spot - goal
    heading = float(np.arctan2(facing[1], facing[0]))
    robot = op.robot
    if np.linalg.norm((goal - robot.arm)[:2]) < 0.08 and abs(heading - robot.heading) < 0.15:
        return True
    return (yield from drive_to(op, goal, heading))


BESIDE_M = 0.36
"""How far outside the fixture's side the arm mount stands [m]. The base is 0.5 m wide, so a door
may fall past it."""
RACK_BEFORE_M = 0.45
"""How far in front of the fixture's face to stand for what lies inside it [m]."""
RACK_DOWN_RAD = 0.40
"""How steeply the fingers point down at a rack; steeper, the forearm meets the counter's edge."""


def toward(op: Operator, place: FixtureTruth, down: float, share: float = 0.3) -> Vec3:
    """A direction down into the fixture, turned a little to where the base faces.

    Args:
        op: who reaches.
        place: the fixture.
        down: angle below the horizon [rad].
        share: 0 is square to the fixture, 1 straight ahead of the base.
    """
    level = share * op.robot.base_rot[:, 0] - (1 - share) * place.outward
    level = level / np.linalg.norm(level)
    return level * np.cos(down) - UP * np.sin(down)


def wait_for(op: Operator, fixture: str, suffix: str, goal: float) -> Motion:
    """Hold still while a joint falls to a value by itself.

    Raises:
        Blocked: if it stops on the way.
    """
    for _ in range(FALL_STEPS):
        if op.referee.joint(fixture, suffix).value >= goal:
            return True
        yield hold_action(op.grip)
    raise Blocked(f"{suffix} did not fall open")


def navigate(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Drive in front of a fixture and face it."""
    place = op.referee.place(fixture)
    return (yield from stand_at(op, place, right=0.0, front=0.45))


RECIPES: dict[tuple[str, str], Recipe] = {
    ("turn_on", "faucet"): faucet,
    ("turn_off", "faucet"): faucet,
    ("sweep", "spout"): spout,
    ("turn", "spout"): spout,
    ("close", "kettle_lid"): kettle_lid,
    ("turn_on", "kettle"): kettle_switch,
    ("open", "dishwasher_door"): drop_door,
    ("pull_out", "dishwasher_rack"): rack,
    ("push_in", "dishwasher_rack"): rack,
}

__all__ = ["RECIPES", "Recipe", "heading_to"]
