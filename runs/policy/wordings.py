"""Many ways to say the same subtask, so that the policy does not hang on one wording.

The planner may write a step in its own words; training shows the policy each skill in many. A
share of the wordings is kept from training, to measure whether others are understood.
"""

import itertools
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields

import numpy as np

from ...configs import ConfigError
from ...envs.skills import Skill

OWN_SHARE = 0.5
"""How often the planner's own words are shown."""
HELD_OUT = 8
"""One wording in so many is never trained on."""

_VERBS: Mapping[str, tuple[str, ...]] = {
    "turn_on": ("turn on {}", "switch on {}", "switch {} on", "turn {} on", "activate {}",
                "power on {}", "start {}"),
    "turn_off": ("turn off {}", "switch off {}", "switch {} off", "turn {} off", "shut off {}",
                 "stop {}"),
    "open": ("open {}", "open up {}", "go and open {}"),
    "close": ("close {}", "shut {}", "push {} shut", "go and close {}"),
    "pull_out": ("pull out {}", "pull {} out", "slide out {}", "slide {} out", "extend {}"),
    "push_in": ("push in {}", "push {} in", "slide {} back", "slide {} in", "push {} back in"),
    "turn": ("turn {}", "swing {}", "move {}", "rotate {}", "swivel {}", "point {}"),
    "sweep": ("move {} to wash all sides of the basin", "sweep {} across the whole basin",
              "rinse the entire basin with {}", "swing {} left and right over the basin",
              "wash every part of the sink with {}", "use {} to rinse all areas of the sink basin"),
    "rotate": ("rotate {}", "spin {}", "rotate {} a little", "spin {} around", "rotate {} around",
               "rotate {} on the stove", "rotate {} by its handle"),
    "wait": ("wait until the sauce on {} is simmered", "wait until what is on {} is done",
             "wait for the sauce on {}", "wait by {} until the sauce is ready"),
    "pick_up": ("take {}", "grab {}", "lift {}", "pick up {}", "take {} from the counter"),
    "place": ("place the blender jug in {}", "put the blender jug in {}", "put the jug into {}",
              "place the jug in {}", "place the blender jug into {}"),
    "drive_to": ("drive to {}", "go to {}", "navigate to {}", "travel to {}", "walk to {}"),
}  # fmt: skip
_NOUNS: Mapping[str, tuple[str, ...]] = {
    "faucet": ("the sink", "the faucet", "the tap", "the sink faucet", "the water"),
    "spout": ("the spout", "the faucet's spout", "the sink spout", "the water spout"),
    "kettle_lid": ("the kettle lid", "the electric kettle lid", "the lid of the kettle",
                   "the kettle's lid", "the lid of the electric kettle"),
    "kettle": ("the kettle", "the electric kettle", "the kettle switch", "the water kettle"),
    "dishwasher_door": ("the dishwasher", "the dishwasher door", "the door of the dishwasher"),
    "dishwasher_rack": ("the dishwasher rack", "the rack of the dishwasher",
                        "the dishwasher's rack"),
    "cabinet_door": ("the cabinet door", "the cabinet", "the cupboard", "the cupboard door",
                     "the door of the cabinet"),
    "pan": ("the pan", "the frying pan", "the hot pan"),
    "burner": ("the burner", "the stove knob", "the burner of the stove", "the stove",
               "the stove burner", "the heat of the stove"),
    "stove": ("the stove", "the burner", "the stovetop"),
    "jug": ("the blender jug", "the jug"),
}  # fmt: skip
_EVERY: Mapping[str, tuple[str, ...]] = {
    "cabinet_door": ("all open cabinet doors", "all the open cabinet doors", "all cabinet doors",
                     "every open cabinet", "every cabinet door", "all the open cupboards"),
}  # fmt: skip
"""The same where all of a kind are meant."""
_SHOWN = ("level", "row", "side")
"""What says which of several parts is meant, in the order of speech."""
_LEADS = ("", "please ", "now ", "then ")


def name_of(skill: Skill | None) -> str:
    """A short name for tables, for instance `turn_on kettle`."""
    return "other" if skill is None else skill.name


def check_shown(only: Sequence[str], shown: Collection[str], data: str = "the data") -> None:
    """Refuse skills to learn alone that are not there.

    Args:
        only: names of `--only`.
        shown: names that the data show.
        data: what is told to lack one, in the plural.

    Raises:
        ConfigError: naming the first that is not shown.
    """
    if missing := [name for name in only if name not in shown]:
        raise ConfigError(
            f"--only {missing[0]!r}: {data} show no such skill, but {', '.join(sorted(shown))}"
        )


def wordings(skill: Skill, *, held_out: bool = False) -> list[str]:
    """Ways to say a skill, always in the same order; none if only its own words would do.

    Args:
        skill: what is asked for.
        held_out: those that are kept from training, instead of those that are not.
    """
    details = _details(skill)
    if skill.verb not in _VERBS or not details.keys() <= set(_SHOWN):
        return []
    ends: tuple[str, ...] = ("",)
    if skill.verb == "turn" and skill.side:
        ends = (f" to the {skill.side}", f" towards the {skill.side}")
    every = [
        lead + verb.format(noun) + end
        for lead, verb, noun, end in itertools.product(
            _LEADS, _VERBS[skill.verb], named(skill), ends
        )
    ]
    return [text for text in every if (zlib.crc32(text.encode()) % HELD_OUT == 0) == held_out]


def named(skill: Skill) -> list[str]:
    """What a skill is about, in several words: `the front left burner`."""
    details = _details(skill)
    if skill.verb == "turn":
        details.pop("side", None)
    nouns = _NOUNS.get(skill.target, (f"the {skill.target.replace('_', ' ')}",))
    if skill.every:
        nouns = _EVERY.get(skill.target, ())
    detail = " ".join(details[name] for name in _SHOWN if name in details)
    return [_detailed(noun, detail) for noun in nouns]


def said(text: str, skill: Skill | None, rng: np.random.Generator) -> str:
    """The subtask in words for one sample of training: its own, or others."""
    if skill is None or rng.random() < OWN_SHARE:
        return text
    every = wordings(skill)
    return every[int(rng.integers(len(every)))] if every else text


def _detailed(noun: str, detail: str) -> str:
    return noun.replace("the ", f"the {detail} ", 1) if detail else noun


def _details(skill: Skill) -> dict[str, str]:
    """What a skill says beyond verb and target."""
    own = {field.name: getattr(skill, field.name) for field in fields(skill)}
    return {name: v for name, v in own.items() if v and name not in ("verb", "target", "every")}
