"""Which skills do which subtask: one short recipe per verb and target.

A recipe chooses geometry (where to stand, which way to point, which joint to which value) and
leaves the moving to the skills. Adding a subtask means adding a recipe here and a criterion in
`envs.predicates`. Each attempt may choose differently: `op.attempt` counts from 0.
"""

from collections.abc import Callable

import numpy as np

from ...envs.skills import TARGETS, Skill
from ...envs.truth import FixtureTruth, JointTruth, Vec3
from .bars import Bar, find_bar
from .carry import put, take
from .closing import shut_doors
from .control import hold_action
from .doors import HINGED, open_door
from .drawers import close_drawer, open_drawer
from .drive import (
    bring_within_reach,
    drive_to,
    heading_to,
    roomy_side,
    side_of,
    stand_beside,
)
from .hook import hook
from .knobs import burner
from .motion import UP, Blocked, Motion, Operator, retreat
from .navigate import navigate
from .pull import pull
from .push import push
from .racks import rack, toward
from .sweep import sweep
from .waiting import rinse, wait

Recipe = Callable[[Operator, str, Skill], Motion]

PAN_TURN_RAD, PAN_LEFT_M = 0.65, 0.2
"""How far a pan is turned, well beyond RoboCasa's 15 degrees, and how far the hand then leaves."""
LEAN_RAD = 0.30
"""How far downward fingers lean away from the robot; keeps the wrist nearer to it."""
LOW_LEAN_RAD = 0.95
"""The same under a low wall cabinet, where the hand has to come from the front."""
PUSH_LEAN_RAD = 0.6
"""The same at a faucet's lever that is pushed back, or was led aside: upright behind it the arm is
all but straight, and when it draws back its elbow runs to the stop and sticks there."""
HAND_HEIGHT_M = 0.55
"""Room the wrist needs above a part that is taken from above [m]."""
FAUCET_ON_RAD, FAUCET_OFF_RAD = 0.65, 0.10
HOT_SHARE = 0.72
"""Where hot water is set, between cold and hot; RoboCasa wants 0.6."""
BEHIND_GAP_M = 0.015
"""Room left behind a lever that is pushed towards the robot; a wall may be near [m]."""
ASKEW_RAD = 0.12
"""How far aside a lever may point when it is pulled."""
LEVER_GRIP_M = 0.025
"""How far below its tip a lever is taken [m]."""
LEVER_BEYOND_M = 0.007
"""How far beyond a lever's middle the hand aims, so that fingers that miss it are behind it [m]."""
SPOUT_RAD = {"left": -0.66, "center": 0.0, "right": 0.66}
"""Well inside RoboCasa's limits of 30 degrees for left and right."""
DOOR_TIPS_RAD = 0.34
"""A drop door pulled this far goes on by its own weight."""
FALL_STEPS = 70
DOOR_STAND_M = (0.62, 0.36)
"""Where to stand to open a drop door: before and beside the fixture [m]."""
DOOR_DOWN_RAD = 0.80
"""How steeply the fingers point down behind a door's bar."""


def faucet(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Push the lever until water runs; to stop it, pull it back.

    For hot water it is pushed aside first: pushed back, it lies too low for the fingers.
    """
    if skill.hot and op.referee.joint(fixture, "handle_temp_joint").opened < HOT_SHARE:
        yield from hot_water(op, fixture, skill)
    if skill.verb == "turn_off":
        yield from _straighten(op, fixture)
    if skill.verb == "turn_off" or op.referee.joint(fixture, "handle_joint").value < FAUCET_ON_RAD:
        yield from _turn_lever(op, fixture, skill)
    return True


def _straighten(op: Operator, fixture: str) -> Motion:
    """Turn a lever that points aside to the front: askew it slips out of the fingers that pull."""
    joint = op.referee.joint(fixture, "handle_temp_joint")
    if abs(joint.value) < ASKEW_RAD:
        return True
    goal = np.sign(joint.value) * ASKEW_RAD
    return (yield from _pull_lever(op, fixture, "handle_temp_joint", goal, LEAN_RAD, follow=1.0))


def _turn_lever(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Push the lever back until water runs; to stop it, pull it, for a wall may be behind."""
    place = op.referee.place(fixture)
    goal = FAUCET_ON_RAD if skill.verb == "turn_on" else FAUCET_OFF_RAD
    joint = op.referee.joint(fixture, "handle_joint")
    low = op.attempt % 2 == 1 and is_low(op, joint.anchor, place)
    far = skill.hot or skill.verb == "turn_on"
    lean = LOW_LEAN_RAD if low else PUSH_LEAN_RAD if far else LEAN_RAD
    if skill.verb == "turn_off" and op.attempt % 3 < 2:
        return (yield from _pull_lever(op, fixture, "handle_joint", goal, lean))
    return (
        yield from push(
            op,
            fixture,
            "handle_joint",
            goal,
            pointing=down_and_away(place, lean),
            opening=place.rot[:, 0],
            from_front=low,
            gap=0.05 if skill.verb == "turn_on" else BEHIND_GAP_M,
        )
    )


def _pull_lever(
    op: Operator, fixture: str, suffix: str, goal: float, lean: float, follow: float = 0.0
) -> Motion:
    """Take the faucet's lever from above by its narrow sides and lead one of its joints."""
    place, temperature = op.referee.place(fixture), op.referee.joint(fixture, "handle_temp_joint")
    aside = temperature.turn(temperature.value)
    parts = op.referee.parts(fixture, "handle_joint")
    lever = max(parts, key=lambda box: float(box.center[2]) + box.extent(UP))
    beyond = (lever.extent(UP) - LEVER_GRIP_M) * UP - LEVER_BEYOND_M * aside @ place.outward
    tip = lever.center + beyond
    yield from bring_within_reach(op, tip, place)
    return (
        yield from pull(
            op,
            fixture,
            suffix,
            goal,
            bar=Bar(center=tip, along=aside @ place.rot[:, 1], half=lever.extent(UP)),
            spot=tip,
            pointing=down_and_away(place, lean),
            follow=follow,
        )
    )


def spout(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Lead the spout to one side, or over the whole basin."""
    if skill.side is not None:
        return (yield from sweep(op, fixture, "spout_joint", [SPOUT_RAD[skill.side]]))
    joint = op.referee.joint(fixture, "spout_joint")
    right = op.referee.place(fixture).rot[:, 0]

    def room(side: str) -> float:
        """Free height where the hand goes; the cramped side comes last, as the hand may stick."""
        sign = 1.0 if side == "right" else -1.0
        point = joint.anchor + 0.35 * UP
        return min(op.referee.clearance(point + sign * r * right, UP) for r in (0.1, 0.2, 0.3))

    order = sorted(("left", "right"), key=room, reverse=op.attempt % 2 == 0)
    left = [side for side in order if side not in op.referee.visited()] or order
    return (yield from sweep(op, fixture, "spout_joint", [SPOUT_RAD[side] for side in left]))


def kettle_lid(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Push the lid over its hinge and down."""
    del skill
    joint, place = op.referee.joint(fixture, "lid_joint"), op.referee.place(fixture)
    low = is_low(op, joint.anchor, place)
    return (
        yield from push(
            op,
            fixture,
            "lid_joint",
            joint.at(0.004),
            pointing=down_and_away(place, LOW_LEAN_RAD if low else LEAN_RAD),
            opening=place.rot[:, 0],
            from_front=low,
        )
    )


def kettle_switch(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Press the switch down, the fingers leaning in so that the palm clears the lid.

    Where a neighbour leaves no room beside the switch, the hand's narrow side goes there.
    """
    del skill
    joint, place = op.referee.joint(fixture, "switch_joint"), op.referee.place(fixture)
    inward = place.center - joint.anchor
    inward[2] = 0.0
    low = is_low(op, joint.anchor, place)
    narrow = op.attempt % 2 == 1
    inward = inward / np.linalg.norm(inward) * (0.1 if narrow else 0.4)
    pointing = down_and_away(place, 0.7 if low else 0.2) + inward
    return (
        yield from push(
            op,
            fixture,
            "switch_joint",
            joint.at(0.97),
            pointing=pointing,
            opening=place.rot[:, 1 if narrow else 0],
            from_front=low,
        )
    )


def drop_door(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Hook a drop door's handle from beside, tip the door and let it fall open."""
    del skill
    ref, place = op.referee, op.referee.place(fixture)
    joint = ref.joint(fixture, "door_joint")
    if joint.value < DOOR_TIPS_RAD:
        bar = find_bar(ref.parts(fixture, "door_joint"), place.outward)
        side = roomy_side(op, place)
        spot = bar.center + place.rot[:, 0] * side * (0.13 - 0.04 * (op.attempt % 3))
        before, beside = DOOR_STAND_M
        yield from stand_beside(op, place, spot, side, before=before, beside=beside)
        pointing = toward(op, place, down=DOOR_DOWN_RAD)
        goal = joint.value + DOOR_TIPS_RAD
        yield from hook(op, fixture, "door_joint", goal, bar=bar, spot=spot, pointing=pointing)
    try:
        return (yield from wait_for(op, fixture, "door_joint", joint.at(0.97)))
    except Blocked:
        yield from step_aside(op, place)
        return (yield from wait_for(op, fixture, "door_joint", joint.at(0.97)))


def step_aside(op: Operator, place: FixtureTruth) -> Motion:
    """Leave the way of a door that fell onto the base, which a narrow aisle kept too near."""
    aside = op.robot.arm + place.rot[:, 0] * side_of(op, place) * 0.25
    return (yield from drive_to(op, aside, heading_to(place)))


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


def inwards(joint: JointTruth) -> float:
    """+1 or -1: the way in which a joint goes to the middle of its range."""
    return -1.0 if joint.value > (joint.low + joint.high) / 2 else 1.0


def is_low(op: Operator, point: Vec3, place: FixtureTruth) -> bool:
    """True if something hangs so low above a part that the hand cannot come from above.

    From the third attempt on, what hangs above the palm's ends counts too.
    """
    sides = (0.0,) if op.attempt < 2 else (-0.12, 0.0, 0.12)
    free = [op.referee.clearance(point + 0.15 * UP + s * place.rot[:, 0], UP) for s in sides]
    return min(free) < HAND_HEIGHT_M


def down_and_away(place: FixtureTruth, lean: float = LEAN_RAD) -> Vec3:
    """Fingers down, leaning into the fixture by an angle [rad]."""
    return -UP * np.cos(lean) - place.outward * np.sin(lean)


def hot_water(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Take the lever and lead it aside to where the water is hot; pushed, the spout is in the way.

    Raises:
        Blocked: if the hand does not get there, or the lever slips.
    """
    del skill
    joint = op.referee.joint(fixture, "handle_temp_joint")
    goal = joint.low + HOT_SHARE * (joint.high - joint.low)
    return (yield from _pull_lever(op, fixture, "handle_temp_joint", goal, LEAN_RAD, follow=1.0))


def pan(op: Operator, fixture: str, skill: Skill) -> Motion:
    """Push the handle's end aside, to where it points less aside than before, and go away.

    Every second attempt turns the pan the other way.
    """
    ref, place = op.referee, op.referee.place(fixture)
    name = ref.part(skill, fixture)
    joint = ref.joint(fixture, name)
    way = (-1) ** op.attempt * inwards(joint)
    low = is_low(op, joint.anchor, place)
    yield from push(
        op,
        fixture,
        name,
        joint.value + way * PAN_TURN_RAD,
        pointing=down_and_away(place, LOW_LEAN_RAD if low else LEAN_RAD),
        opening=place.rot[:, op.attempt // 2 % 2],
        from_front=low,
        gap=0.03,
    )
    return (yield from retreat(op, 0.5 * place.outward + 0.87 * UP, PAN_LEFT_M))


RECIPES: dict[tuple[str, str], Recipe] = {
    ("turn_on", "faucet"): faucet,
    ("turn_off", "faucet"): faucet,
    ("sweep", "spout"): spout,
    ("turn", "spout"): spout,
    ("set_hot", "faucet"): hot_water,
    ("rinse", "faucet"): rinse,
    ("turn_on", "burner"): burner,
    ("turn_off", "burner"): burner,
    ("rotate", "pan"): pan,
    ("pick_up", "jug"): take,
    ("place", "sink"): put,
    ("close", "kettle_lid"): kettle_lid,
    ("turn_on", "kettle"): kettle_switch,
    ("open", "dishwasher_door"): drop_door,
    ("pull_out", "dishwasher_rack"): rack,
    ("push_in", "dishwasher_rack"): rack,
    **{("open", name): open_door for name in HINGED},
    **{("close", name): shut_doors for name in HINGED},
    ("open", "drawer"): open_drawer,
    ("close", "drawer"): close_drawer,
    **{("wait", name): wait for name in TARGETS},
    **{("drive_to", name): navigate for name in TARGETS},
}
"""(verb, target) -> recipe."""
