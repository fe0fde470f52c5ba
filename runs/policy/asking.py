"""What else a posed look may be asked about: other fixtures, the stove's other knobs."""

from ...envs.referee import Referee
from ...envs.skills import DESTINATIONS, Skill, Target, skill_of

_SAID: dict[Target, str] = {"kettle": "electric kettle", "hood": "range hood"}
"""What RoboCasa calls some fixtures."""


def destinations(referee: Referee, besides: Skill) -> list[str]:
    """Words for driving to every other fixture of which the kitchen has one."""
    found: list[str] = []
    for target in DESTINATIONS:
        text = f"Navigate to the {_SAID.get(target, target.replace('_', ' '))}."
        named = skill_of(text, text)
        if target != besides.target and named is not None and referee.count(target) == 1:
            found.append(text)
    return found


def knobs(referee: Referee, besides: Skill) -> list[tuple[str, bool]]:
    """Words for turning every burner of the stove on and off.

    Args:
        referee: of the kitchen.
        besides: turns one of them; what it says is left out.

    Returns:
        The words, and whether what they ask for is the other way round.
    """
    fixture, found = referee.meant(besides), []
    meant = (besides.verb, referee.part(besides, fixture))
    for place in referee.burners(fixture):
        for verb in ("turn_on", "turn_off"):
            text = f"{verb} the {place} burner of the stove".replace("_", " ").capitalize()
            skill = skill_of(text, text)
            known = skill is not None and referee.part(skill, fixture) == place
            if known and (verb, place) != meant:
                found.append((text, verb != besides.verb))
    return found
