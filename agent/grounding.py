"""Steps that name only what the instruction names, and what every kitchen has.

A small model that has to name a thing it did not understand names one it knows instead. Words that
neither the instruction nor a kitchen offers are passed over while it writes (`LeapPlanner`'s
`grounded`), so it takes the likeliest of those that do. What a task leaves unsaid beyond fixtures,
dishes and tools cannot be named then.
"""

import re
from collections.abc import Iterator

_LIST = """
a after all an and are at away back before beside between both by close each far fill finish first
fifth for fourth from front fully gently go hand heat high hot cold in inside into is it its left
lift low lower maximum medium minimum near next of off on onto open other out over pick place pour
press pull push put right rinse rotate scrub second set shake slide slightly stands steps stir take
temperature the them then third tilt to top bottom center middle turn two three four under until
has hood navigate range rear sauce simmered sweep
upper upside down up wait wash water what where with done while
basin blender bowl board burner button cabinet coffee counter countertop cup cutting dial
dining dish dishwasher door doors drawer drawers drying electric faucet food freezer fridge glass
head highest hob island jug kettle kitchen knob lever lid lowest machine microwave mixer mug oven
pan pitcher plate pot rack refrigerator saucepan shelf shelves sink spout stand stool stove stovetop
switch table tap timer toaster tray container contents items item objects object
"""
_KITCHEN = frozenset(_LIST.split())
"""Words of steps, and of what every kitchen has."""
_ORDINALS = frozenset({"second", "third", "fourth", "fifth"})
_SEVERAL = frozenset(
    {"all", "any", "both", "each", "every", "pair", "several", "two", "three", "four", "five"}
)
_WORD = re.compile(r"[a-z]+|[0-9]+")
_NUMBERING = re.compile(r"^\s*\d+\)?", re.MULTILINE)


def words(instruction: str) -> frozenset[str]:
    """Every word that a plan for the instruction may hold, in small letters.

    A second and a third of a thing are there only if several are spoken of. Numbers are the
    instruction's own, if it has any; else every number will do, which `grounded` reads off `0`.
    """
    said = set(_WORD.findall(instruction.casefold()))
    single = {one for word in said for one in _singulars(word)}
    known = _KITCHEN | said | single
    if not any(word.isdigit() for word in said):
        known |= {"0"}
    return frozenset(known if single or said & _SEVERAL else known - (_ORDINALS - said))


def grounded(text: str, ended: bool, known: frozenset[str]) -> bool:
    """Whether an answer so far holds only known words, or can still come to that.

    Args:
        text: the answer so far.
        ended: True if it would end there.
        known: of `words`.
    """
    if "0" in known:
        text = re.sub("[0-9]+", "0", text)
    bare = _NUMBERING.sub("", text.casefold())
    found = _WORD.findall(bare)
    if not found:
        return True
    whole = ended or not bare[-1].isalnum()
    if any(word not in known for word in (found if whole else found[:-1])):
        return False
    return whole or any(word.startswith(found[-1]) for word in known)


def _singulars(word: str) -> Iterator[str]:
    """What may be one of several."""
    if word.endswith("ies"):
        yield word[:-3] + "y"
    if word.endswith("ves"):
        yield from (word[:-3] + "fe", word[:-3] + "f")
    if len(word) > 3 and word.endswith("es"):
        yield word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        yield word[:-1]
