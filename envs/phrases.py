"""The words for a skill: several ways to ask for the same thing, each understood by `envs.skills`.

A judge that has read one sentence a skill knows the sentence, not the skill. The first is the
plainest, and the one that policies and judges know best.
"""

from collections.abc import Mapping, Sequence

from .skills import Skill

_PARTS: Mapping[str, Sequence[str]] = {
    "faucet": ("sink faucet", "faucet", "sink"),
    "kettle": ("electric kettle", "kettle"),
    "kettle_lid": ("electric kettle lid", "kettle lid", "lid of the electric kettle"),
    "dishwasher_door": ("dishwasher door", "dishwasher", "door of the dishwasher"),
    "microwave": ("microwave",),
    "microwave_door": ("microwave door", "microwave"),
    "oven_door": ("oven door", "oven"),
    "toaster_oven_door": ("toaster oven door", "toaster oven"),
    "fridge_door": ("fridge door", "fridge", "refrigerator door"),
    "drawer": ("drawer",),
    "cabinet_door": ("cabinet door", "cabinet"),
    "sink": ("sink",),
    "stove": ("stove",),
    "pan": ("pan", "frying pan"),
    "fridge": ("fridge",),
    "dishwasher": ("dishwasher",),
    "oven": ("oven",),
}
_VERBS: Mapping[str, Sequence[str]] = {
    "turn_on": ("Turn on the {}", "Switch on the {}", "Turn the {} on"),
    "turn_off": ("Turn off the {}", "Switch off the {}", "Turn the {} off"),
    "open": ("Open the {}", "Open up the {}"),
    "close": ("Close the {}", "Shut the {}"),
    "rotate": ("Rotate the {}", "Rotate the {} on the stove"),
    "drive_to": ("Drive to the {}", "Navigate to the {}", "Go to the {}"),
}
_SWEEPS = (
    "Wash all locations of the sink basin with the spout",
    "Rinse every side of the sink basin",
    "Sweep the spout over the whole sink basin",
)


_EVERY_CABINET = (
    "Close all open cabinet doors",
    "Close all the cabinet doors",
    "Shut every open cabinet door",
    "Shut all the open cabinets",
)


def phrases(skill: Skill) -> tuple[str, ...]:
    """Ways to say a skill, RoboCasa's style.

    Args:
        skill: any; what has no words here has no phrases.

    Returns:
        Sentences in the imperative; each is understood as this very skill without a context.
    """
    level = f"{skill.level} " if skill.level else ""
    if skill.verb == "sweep":
        return _SWEEPS
    if skill.verb == "turn" and skill.side is not None:
        return (f"Turn the spout to the {skill.side}", f"Swing the spout to the {skill.side}")
    if skill.every:
        return _EVERY_CABINET if (skill.verb, skill.target) == ("close", "cabinet_door") else ()
    if skill.target in ("dishwasher_rack", "oven_rack"):
        place = skill.target.removesuffix("_rack")
        rack = f"the {level}{place} rack"
        if skill.verb == "pull_out" and skill.fully:
            return (
                f"Fully pull out {rack}",
                f"Pull {rack} all the way out",
                f"Fully slide {rack} out",
            )
        if skill.verb == "pull_out":
            return (f"Pull out {rack}", f"Pull {rack} out", f"Slide {rack} out")
        if skill.verb != "push_in":
            return ()
        return (f"Push in {rack}", f"Push {rack} in", f"Slide {rack} back in")
    if skill.side is not None or skill.target not in _PARTS or skill.verb not in _VERBS:
        return ()
    return tuple(verb.format(part) for part in _PARTS[skill.target] for verb in _VERBS[skill.verb])
