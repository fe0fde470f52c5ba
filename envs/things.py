"""Loose things of an episode, as far as work on them needs. Privileged, as the referee.

A thing that stands on something and is turned where it stands is told as a hinge: its axis goes up
through the middle of the thing, and goes where the thing goes.
"""

from typing import Any

import numpy as np

from ..configs.errors import EnvironmentFault
from .truth import JointTruth

TURN_RAD = 1.2
"""How far a thing is ever turned from where it faces the front of its fixture."""


def named(raw: Any, category: str) -> str:
    """What the episode calls its object of a category.

    Raises:
        EnvironmentFault: if it has none.
    """
    for config in raw.object_cfgs:
        if config.get("info", {}).get("cat") == category:
            return str(config["name"])
    raise EnvironmentFault(f"this episode has no {category}")


def touching(raw: Any, name: str) -> frozenset[str]:
    """The bodies that touch a thing, other things of the kitchen and of the robot alike.

    Args:
        raw: RoboCasa's environment.
        name: of the object.
    """
    model, data = raw.sim.model._model, raw.sim.data._data
    own, found = int(raw.obj_body_id[name]), set[str]()
    for contact in data.contact[: data.ncon]:
        bodies = [int(model.geom_bodyid[geom]) for geom in contact.geom]
        if own in bodies and bodies[0] != bodies[1]:
            other = bodies[0] if bodies[1] == own else bodies[1]
            found.add(model.body(other).name)
    return frozenset(found)


def inside(raw: Any, name: str, fixture: Any) -> bool:
    """RoboCasa's own test of whether a thing is in a fixture (`obj_inside_of`)."""
    from robocasa.utils.object_utils import obj_inside_of

    return bool(obj_inside_of(raw, name, fixture))


def hinge(raw: Any, name: str, fixture: Any) -> JointTruth:
    """A thing as what turns about its own upright axis.

    Args:
        raw: RoboCasa's environment.
        name: of the object.
        fixture: what it stands on; the middle of the range is where both face the same way.

    Returns:
        Its value is the thing's yaw in the world [rad].
    """
    data, index = raw.sim.data._data, int(raw.obj_body_id[name])
    rot, middle = np.array(data.xmat[index]).reshape(3, 3), float(fixture.rot)
    turned = float(np.arctan2(rot[1, 0], rot[0, 0])) - middle
    return JointTruth(
        name=str(raw.objects[name].joints[0]),
        kind="hinge",
        axis=np.array([0.0, 0.0, 1.0]),
        anchor=np.array(data.xpos[index]),
        value=middle + (turned + np.pi) % (2 * np.pi) - np.pi,
        low=middle - TURN_RAD,
        high=middle + TURN_RAD,
    )
