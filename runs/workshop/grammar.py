"""Made-up instructions with their steps: one command after another, drawn by seed.

They teach what every instruction wants: to find the things and places that are named, to bring
"them" and "it" back to what they mean, and to write one step for each thing. What a task leaves
unsaid is learned from real instructions (`relex`).
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from .nouns import ADJECTIVES, IN, ITEMS, ON, STORES, TOPS, relation
from .wording import listed, plural, sentences

_T = TypeVar("_T")
Random = np.random.Generator
Part = tuple[str, list[str]]
"""Words of one or more commands, without a capital or full stop, and their steps."""

_PICK = ("pick up", "take", "grab", "get", "pick", "retrieve", "gather", "remove", "collect")
_PLACE = ("place", "put", "set", "place", "put", "add")
_MOVE = ("move", "transfer", "bring", "carry", "place", "put", "transport", "place")
_LINKS = (
    ". Then ",
    ". ",
    ", and ",
    ", then ",
    ". Next, ",
    ". After that, ",
    ". Finally, ",
    " and ",
)
_WHY = (
    "", "", "", "", "", "", " for serving", " to prepare for cleaning", " for later",
    " to clear the area", " to make a snack", " to keep it fresh", " for the guests",
    " to begin cooking", " to store leftovers", " for easy access", " to dry",
)  # fmt: skip
_ASIDES = (
    "", "", "", "", "", "", "", "", " Make sure they are not touching.", " Leave the rest.",
    " Make sure the area is clear.", " Do not spill anything.", " The rest can stay there.",
)  # fmt: skip


def instruction(random: Random, *, rich: bool = False) -> tuple[str, list[str]]:
    """A made-up instruction and its steps, 1 to 7 of them.

    Args:
        random: decides.
        rich: more kinds of commands (`grammar_more`).
    """
    count = int(random.choice([1, 2, 3, 4], p=[0.3, 0.4, 0.2, 0.1]))
    text, steps = "", []
    for index in range(count):
        words, more = _one(random, rich)
        text += (_any(random, _LINKS) if index else "") + words
        steps += more
        if len(steps) >= 5:
            break
    text = sentences(_lead(random) + text + _any(random, _WHY) + ".") + _any(random, _ASIDES)
    return text, steps


def place(thing: str, source: str, target: str, near: str = "") -> str:
    """The step that moves a thing."""
    beside = f" next to the {near}" if near else ""
    where = f"{relation(target)} the {target}"
    return f"Pick the {thing} from the {source} and place it {where}{beside}"


def _one(random: Random, rich: bool) -> Part:
    if rich and random.random() < 0.55:
        from . import grammar_more

        return grammar_more.one(random)
    made: Sequence[Callable[[Random], Part]] = (
        _moved, _several, _several, _several, _counted, _each_elsewhere, _from_store, _beside,
        _switch, _door, _washed, _stored,
    )  # fmt: skip
    return _any(random, made)(random)


def _moved(random: Random) -> Part:
    thing, (source, target) = _item(random), _ends(random)
    described, there, here = _described(thing, random), _said(source, random), _said(target, random)
    rel = _rel(target, random)
    steps = [place(thing, source, target)]
    style = random.integers(6)
    picked = f"{_any(random, _PICK)} {described}"
    if style == 0:
        return f"{picked} from {there} and {_put(random)} it {rel} {here}", steps
    if style == 1:
        return f"{_any(random, _MOVE)} {described} from {there} {_to(random, rel)} {here}", steps
    if style == 2:
        return f"{picked} on {there}, and {_put(random)} it {rel} {here}", steps
    unsaid = [place(thing, "counter", target)]
    if style == 3:
        return f"{picked} and {_put(random)} it {rel} {here}", unsaid
    if style == 4:
        return f"{_any(random, _MOVE)} {described} {_to(random, rel)} {here}", unsaid
    return f"{_put(random)} {described} {rel} {here}", unsaid


def _several(random: Random) -> Part:
    things = _items(random, int(random.choice([2, 3, 4], p=[0.65, 0.27, 0.08])))
    source, target = _ends(random)
    named = listed(things, random)
    there, here, rel = _said(source, random), _said(target, random), _rel(target, random)
    steps = [place(thing, source, target) for thing in things]
    unsaid = [place(thing, "counter", target) for thing in things]
    style = random.integers(6)
    picked = f"{_any(random, _PICK)} {named}"
    if style <= 1:
        return f"{picked} from {there} and {_put(random)} them {rel} {here}", steps
    if style == 2:
        return f"{_any(random, _MOVE)} {named} from {there} {_to(random, rel)} {here}", steps
    if style == 3:
        return f"{picked} and {_put(random)} them {rel} {here}", unsaid
    if style == 4:
        return f"{_any(random, _MOVE)} {named} {_to(random, rel)} {here}", unsaid
    both = "both" if len(things) == 2 and random.random() < 0.3 else "them"
    return f"{picked} from {there}. {_put(random)} {both} {rel} {here}", steps


def _counted(random: Random) -> Part:
    thing, (source, target) = _item(random), _ends(random)
    count = int(random.choice([2, 3, 4], p=[0.7, 0.2, 0.1]))
    word = {2: ("two", "both", "both of the", "the", "the two", "all the", "any two"), 3: ("three",
            "the three", "all three"), 4: ("four", "the four", "all four")}[count]  # fmt: skip
    many = plural(thing)
    named = f"{_any(random, word)} {many}"
    here, rel = _said(target, random), _rel(target, random)
    if random.random() < 0.5:
        steps = [place(thing, source, target)] * count
        words = f"{_any(random, _PICK)} {named} from {_said(source, random)}"
        return f"{words} and {_put(random)} them {rel} {here}", steps
    steps = [place(thing, "counter", target)] * count
    return f"{_any(random, _MOVE)} {named} {_to(random, rel)} {here}", steps


def _each_elsewhere(random: Random) -> Part:
    one, two = _items(random, 2)
    first, second = _target(random), _target(random)
    words = f"{_put(random)} the {one} {_rel(first, random)} {_said(first, random)} and "
    again = f"{_put(random)} " if random.random() < 0.5 else ""
    words += f"{again}the {two} {_rel(second, random)} {_said(second, random)}"
    return words, [place(one, "counter", first), place(two, "counter", second)]


def _from_store(random: Random) -> Part:
    store = _any(random, tuple(STORES))
    things = _items(random, int(random.integers(1, 4)))
    target = _target(random, but=store)
    named, it = listed(things, random), "it" if len(things) == 1 else "them"
    door = " door" if random.random() < 0.3 and store not in ("drawer",) else ""
    words = (
        f"open the {store}{door}{_any(random, (', ', ' and ', '. '))}{_any(random, _PICK)} {named}"
        f"{_any(random, (f' from the {store}', ''))} and {_put(random)} {it} "
        f"{_rel(target, random)} {_said(target, random)}"
    )
    steps = [STORES[store], *(place(thing, store, target) for thing in things)]
    if random.random() < 0.3:
        words += f"{_any(random, ('. Then close', ', and close', '. Finally, close'))} the {store}"
        steps.append(STORES[store].replace("Open", "Close"))
    return words, steps


def _beside(random: Random) -> Part:
    things = _items(random, int(random.choice([1, 2], p=[0.6, 0.4])))
    top = _any(random, ("counter", "counter", "dining counter"))
    near = _any(random, (*IN, *ON, "sink", "stove", "blender", "toaster oven", *ITEMS[:40]))
    source = _any(random, ("cabinet", "fridge", "counter", "drawer", "sink", "dining counter"))
    named, it = listed(things, random), "it" if len(things) == 1 else "them"
    beside = _any(random, ("next to", "next to", "beside", "near", "by", "close to"))
    where = f"{beside} the {near}" + ("" if top == "counter" and random.random() < 0.5 else
                                      f" on {_said(top, random)}")  # fmt: skip
    steps = [place(thing, source, top, near) for thing in things]
    if source == "counter" and random.random() < 0.7:
        return f"{_any(random, _MOVE)} {named} {where}", steps
    return f"{_any(random, _PICK)} {named} from the {source} and {_put(random)} {it} {where}", steps


def _switch(random: Random) -> Part:
    on = random.random() < 0.6
    turn = f"turn {'on' if on else 'off'}"
    step = turn.capitalize()
    kind = random.integers(4)
    if kind == 0:
        said = _any(random, ("the sink faucet", "the sink", "the faucet", "the water", "the tap"))
        return f"{turn} {said}", [f"{step} the sink faucet"]
    if kind == 1:
        what = _any(random, ("microwave", "toaster oven", "blender", "coffee machine", "oven"))
        if on and random.random() < 0.4:
            return f"{_any(random, ('start', 'press the start button of'))} the {what}", [
                f"{step} the {what}"
            ]
        return f"{turn} the {what}", [f"{step} the {what}"]
    pan = _any(random, ("pan", "pot", "saucepan", "kettle"))
    words = _any(random, ("the burner under the {}", "the stove burner for the {}",
                          "the burner of the {}", "the stove under the {}"))  # fmt: skip
    return f"{turn} {words.format(pan)}", [f"{step} the stove burner under the {pan}"]


def _door(random: Random) -> Part:
    store = _any(random, tuple(STORES))
    opens = random.random() < 0.4
    verb = "open" if opens else _any(random, ("close", "close", "shut"))
    door = _any(random, (" door", "")) if store != "drawer" else ""
    step = STORES[store] if opens else STORES[store].replace("Open", "Close")
    return f"{verb} the {store}{door}", [step]


def _washed(random: Random) -> Part:
    thing = _item(random)
    verb = _any(random, ("rinse", "wash"))
    where = _any(random, ("", " in the sink", " under the faucet", " under the running water"))
    return f"{verb} the {thing}{where}", [f"Rinse the {thing} under the sink faucet"]


def _stored(random: Random) -> Part:
    things = _items(random, int(random.integers(1, 4)))
    store = _any(random, tuple(STORES))
    shelf = _any(random, ("top shelf", "bottom shelf", "lower shelf")) if store == "fridge" else ""
    where = f"{'on' if shelf else _any(random, ('in', 'inside', 'into'))} the "
    where += f"{shelf} of the fridge" if shelf else store
    target = f"on the {shelf} of the fridge" if shelf else f"in the {store}"
    steps = [f"Pick the {thing} from the counter and place it {target}" for thing in things]
    words = f"{_any(random, _MOVE)} {listed(things, random)} {where}"
    if random.random() < 0.35:
        words += _any(random, (". Then close the {}", " and close the {}", ". Close the {} after "
                               "placing the items", ", then close the {} door"))  # fmt: skip
        words = words.format(store)
        steps.append(STORES[store].replace("Open", "Close"))
    return words, steps


def _lead(random: Random) -> str:
    if random.random() > 0.12:
        return ""
    thing, where = _item(random), _any(random, ("counter", "dining counter", "sink", "stove"))
    return _any(random, (f"There is a {thing} on the {where}. ", f"The {thing} is ready. ",
                         f"The {where} is messy. ", f"It is time for the {thing}. "))  # fmt: skip


def _ends(random: Random) -> tuple[str, str]:
    source = _any(random, ("counter", "counter", "fridge", "cabinet", "sink", "dining counter",
                           "drawer", "plate", "bowl", "tray", "pan", "microwave", "freezer", "oven",
                           "island", "stove", "pot", "cutting board"))  # fmt: skip
    return source, _target(random, but=source)


def _target(random: Random, but: str = "") -> str:
    group = random.choice(4, p=[0.3, 0.27, 0.13, 0.3])
    pools = (IN, ON, tuple(STORES), (*TOPS, "sink", "sink", "counter", "dining counter", "blender"))
    return next(t for t in iter(lambda: _any(random, pools[group]), None) if t != but)


def _item(random: Random) -> str:
    return _any(random, ITEMS if random.random() < 0.85 else (*IN, *ON))


def _items(random: Random, count: int) -> list[str]:
    return [_item(random) for _ in range(count)]


def _described(thing: str, random: Random) -> str:
    if random.random() < 0.15:
        return f"the {_any(random, ADJECTIVES)} {thing}"
    return f"{'a' if random.random() < 0.08 else 'the'} {thing}"


def _said(place_: str, random: Random) -> str:
    if random.random() < 0.08:
        return f"the {_any(random, ADJECTIVES)} {place_}"
    return f"the {place_}"


def _put(random: Random) -> str:
    return _any(random, _PLACE)


def _rel(target: str, random: Random) -> str:
    if relation(target) == "on":
        return _any(random, ("on", "on", "onto"))
    return _any(random, ("in", "in", "inside", "into"))


def _to(random: Random, rel: str) -> str:
    return "to" if random.random() < 0.5 else rel


def _any(random: Random, among: Sequence[_T]) -> _T:
    return among[int(random.integers(len(among)))]
