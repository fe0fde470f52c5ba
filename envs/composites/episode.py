"""What one episode calls the objects of a task, read from RoboCasa's own environment.

Privileged: `envs.referee` hands it on to those that may know. Slots are named as RoboCasa names
them in its instructions; words of the episode (which burner, which shelf) come from the choices
that RoboCasa drew.
"""

from collections.abc import Callable, Mapping
from typing import Any

from .model import all_steps

_HIGHEST = -1
"""RoboCasa counts racks from below, the highest is -1."""


def names(env: Any) -> dict[str, str]:
    """Object slot or word of the episode -> what it is called.

    Args:
        env: RoboCasa's environment after a reset.
    """
    found = {str(cfg["name"]): _object(env, str(cfg["name"])) for cfg in env.object_cfgs}
    known = all_steps().get(type(env).__name__)
    words = known.words if known else ()
    return found | {word: _WORDS[word](env) for word in words}


def _object(env: Any, slot: str) -> str:
    # The lid of such a saucepan is an object of its own, and may lie elsewhere.
    return str(env.get_obj_lang(slot)).removesuffix(" with lid")


def _shelf(attribute: str) -> Callable[[Any], str]:
    def read(env: Any) -> str:
        top = getattr(env, attribute) == _HIGHEST
        return "top shelf" if top else "second highest shelf"

    return read


def _rack(env: Any) -> str:
    return "highest rack" if env.move_direction == "up" else "second highest rack"


_WORDS: Mapping[str, Callable[[Any], str]] = {
    "knob": lambda env: str(env.knob).replace("_", " "),
    "working_slot_pair": lambda env: str(env.working_slot_pair),
    "target_rack": _rack,
    "rack_pos": _shelf("target_rack_index"),
    "veg_shelf": _shelf("veg_rack_index"),
    "meat_shelf": _shelf("meat_rack_index"),
    "source_shelf": _shelf("source_rack_index"),
    "dest_shelf": _shelf("dest_rack_index"),
    "bread_direction": lambda env: "bottom" if env.bread_rack_level == 0 else "top",
    "meat_direction": lambda env: "top" if env.bread_rack_level == 0 else "bottom",
    "item3_shelf": lambda env: "top shelf" if env.third_item_type == "alcohol" else "lower shelf",
}
"""Every word that a composite task leaves to the episode -> how it was drawn."""
