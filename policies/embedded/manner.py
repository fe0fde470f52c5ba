"""What the words of a subtask alone say about how its policy moves."""

from dataclasses import dataclass

from ...envs.skills import skill_of


@dataclass(frozen=True, kw_only=True)
class Manner:
    """The kind of a subtask; words that are not understood are of none."""

    drives: bool = False
    """It ends somewhere else, with or without something in the hand."""
    carries: bool = False
    """It picks something up, or puts it down."""
    draws: bool = False
    """The base draws a drawer, or pushes it."""
    turns: bool = False
    """The hand turns the knob of a burner that is named: where none is, as after a wait, nothing
    was measured yet with what follows from it."""

    slides: bool = False
    """The hand slides a rack to one of its ends; another network draws it out to the middle."""
    leads: bool = False
    """The hand takes a spout by its end, or by its level run, and leads it about."""

    @property
    def stays(self) -> bool:
        """The base stands still: nobody is shown driving to pick something up."""
        return self.carries and not self.drives

    @property
    def goes(self) -> bool:
        """It is a drive with nothing in the hand."""
        return self.drives and not self.carries

    @property
    def recovers(self) -> bool:
        """A base or a hand that is held up backs off."""
        return self.drives or self.carries

    @property
    def decides(self) -> bool:
        """A retry takes another way by the room and the side that are believed.

        What is picked up or driven to does not depend on them, and above a drawer or a knob there
        is room in every kitchen.
        """
        return not (self.drives or self.carries or self.draws or self.turns)


def manner_of(text: str) -> Manner:
    """The manner of a subtask in words."""
    skill = skill_of(text, text)
    if skill is None:
        return Manner()
    return Manner(
        drives=skill.drives,
        carries=skill.carries,
        draws=skill.target == "drawer",
        turns=skill.target == "burner" and skill.side is not None,
        slides=skill.target == "dishwasher_rack" and (skill.verb == "push_in" or skill.fully),
        leads=skill.target == "spout",
    )
