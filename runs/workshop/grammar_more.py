"""Further commands of made-up instructions: sides, racks, burners, waiting, tools, contents."""

from collections.abc import Callable, Sequence

from .grammar import Part, Random, place
from .grammar import _any as any_of
from .grammar import _item as item
from .grammar import _items as items
from .grammar import _rel as rel
from .nouns import IN, ON
from .wording import listed, plural

_TAKE = ("take", "pick up", "grab", "pick", "get")
_PUT = ("place", "put", "set")
_RACKS = ("oven", "dishwasher", "toaster oven")
_BURNERS = ("front left", "front right", "rear left", "rear right")


def one(random: Random) -> Part:
    """One command, or a few that belong together."""
    made: Sequence[Callable[[Random], Part]] = (
        _at_side, _waited, _rack, _contents, _contents, _repeated, _part, _burner, _poured, _tooled,
        _shared, _navigated, _one_and_other, _blended, _tray, _heated,
    )  # fmt: skip
    return any_of(random, made)(random)


def _at_side(random: Random) -> Part:
    thing, other = items(random, 2)
    side = any_of(random, ("left", "right"))
    where = any_of(random, (f"on the {side} side of", f"to the {side} of"))
    words = f"{any_of(random, _TAKE)} the {thing} and {any_of(random, _PUT)} it {where} the {other}"
    beside = f"on the counter to the {side} of the {other}"
    return words, [f"Pick the {thing} from the counter and place it {beside}"]


def _waited(random: Random) -> Part:
    number = int(random.choice([50, 100, 120, 150, 200, 250, 300, 400, 500]))
    unit = any_of(random, ("timesteps", "steps", "timesteps", "time steps"))
    words = any_of(random, (f"wait for {number} {unit}", f"wait {number} {unit}"))
    steps = [f"Wait {number} steps"]
    if random.random() < 0.5:
        thing, target = item(random), any_of(random, ("dining counter", *IN, *ON))
        words += f" before moving the {thing} to the {target}"
        steps.append(place(thing, any_of(random, ("counter",)), target))
    return words, steps


def _rack(random: Random) -> Part:
    what = any_of(random, _RACKS)
    which = any_of(random, ("", "", "top ", "bottom "))
    steps: list[str] = []
    words = ""
    if random.random() < 0.5:
        steps.append(f"Open the {what} door")
        words = f"open the {what}{any_of(random, (' door', ''))} and "
    if random.random() < 0.6:
        said = f"{which}rack" if words else f"{which}{what} rack"
        verb = any_of(random, ("slide the {} out", "pull the {} out", "pull out the {}"))
        return words + verb.format(said), [*steps, f"Slide the {what} rack out"]
    verb = any_of(random, ("slide the {} back in", "push the {} in", "push the {} back inside"))
    return verb.format(f"{which}{what} rack"), [f"Slide the {what} rack back in"]


def _contents(random: Random) -> Part:
    dish = any_of(random, (*IN, *ON))
    inside = listed(items(random, int(random.integers(1, 3))), random)
    holds = any_of(random, ("with", "containing", "with", "filled with", "holding"))
    source = any_of(random, ("counter", "fridge", "dining counter", "cabinet", "microwave"))
    target = any_of(random, ("sink", "fridge", "microwave", "dining counter", "tray", "counter"))
    words = f"the {dish} {holds} {inside if random.random() < 0.7 else inside[4:]}"
    if source == target or random.random() < 0.5:
        source = "counter" if target != "counter" else "dining counter"
        if source == "counter":
            verb = any_of(random, ("move", "place", "put", "bring"))
            return f"{verb} {words} {rel(target, random)} the {target}", [
                place(dish, source, target)
            ]
    words = f"{any_of(random, _TAKE)} {words} from the {source} and {any_of(random, _PUT)} it "
    return words + f"{rel(target, random)} the {target}", [place(dish, source, target)]


def _repeated(random: Random) -> Part:
    first, second = items(random, 2)
    things = [[first, second, first], [first, first, second], [first, second, second]][
        int(random.integers(3))
    ]
    source = any_of(random, ("counter", "sink", "fridge", "dining counter"))
    target = any_of(random, (*IN[:6], *ON[:3], "cabinet"))
    words = f"{any_of(random, _TAKE)} the {', '.join(things)} from the {source} and "
    words += f"{any_of(random, _PUT)} them {rel(target, random)} the {target}"
    return words, [place(thing, source, target) for thing in things]


def _part(random: Random) -> Part:
    thing = item(random)
    part, whole, within = any_of(
        random,
        (
            ("second highest shelf", "fridge", "on"),
            ("top shelf", "fridge", "on"),
            ("lowest shelf", "fridge", "on"),
            ("left basin", "sink", "in"),
            ("right basin", "sink", "in"),
            ("highest rack", "freezer", "on"),
            ("second highest rack", "freezer", "on"),
        ),
    )
    words = (
        f"{any_of(random, ('place', 'put', 'move'))} the {thing} {within} the {part} of the {whole}"
    )
    steps = [f"Pick the {thing} from the counter and place it {within} the {part} of the {whole}"]
    if whole != "sink" and random.random() < 0.4:
        words += f". Close the {whole} door when finished"
        steps.append(f"Close the {whole} door")
    return words, steps


def _burner(random: Random) -> Part:
    pan, which = any_of(random, ("pan", "pot", "saucepan", "kettle")), any_of(random, _BURNERS)
    heat = any_of(random, ("low", "medium", "high"))
    style = random.integers(3)
    if style == 0:
        words = f"{any_of(random, ('move', 'place'))} the {pan} {any_of(random, ('to', 'on'))} "
        return f"{words}the {which} burner", [
            f"Pick the {pan} from the counter and place it on the {which} burner of the stove"
        ]
    if style == 1:
        words = f"turn on the burner under the {pan} and set {any_of(random, ('it', 'the heat'))}"
        return f"{words} to {heat}", [f"Turn on the stove burner under the {pan} at {heat} heat"]
    return f"{any_of(random, _PUT)} the {pan} on the stove and turn on the burner", [
        place(pan, "counter", "stove"),
        f"Turn on the stove burner under the {pan}",
    ]


def _poured(random: Random) -> Part:
    dish, target = any_of(random, IN), any_of(random, ("sink", *ON, *IN[:4]))
    inside = any_of(random, ("contents", "water", "food", item(random), plural(item(random))))
    verb = any_of(random, ("pour", "dump", "empty", "pour out"))
    place_ = f"{'onto' if target in ON else 'into'} the {target}"
    return f"{verb} the {inside} from the {dish} {place_}", [f"Pour what is in the {dish} {place_}"]


def _tooled(random: Random) -> Part:
    if random.random() < 0.5:
        tool = any_of(random, ("spatula", "ladle", "whisk", "wooden spoon", "spoon"))
        pan = any_of(random, ("pan", "pot", "saucepan", "bowl"))
        said = any_of(
            random, (f"stir the food in the {pan}", f"stir the {item(random)} in the {pan}")
        )
        return f"{said} with the {tool}", [f"Stir the food in the {pan} with the {tool}"]
    tool = any_of(random, ("sponge", "dish brush", "sponge"))
    what = any_of(random, ("cutting board", "pan", "plate", "counter", "bowl", "sink", "pot"))
    verb = any_of(random, ("scrub", "wipe", "clean", "scrub"))
    return f"{verb} the {what} with the {tool}", [f"Scrub the {what} with the {tool}"]


def _shared(random: Random) -> Part:
    things = items(random, int(random.integers(1, 3)))
    dish = any_of(random, ("plate", "bowl", "tupperware", "cup", "tray", "glass cup"))
    source = any_of(random, ("counter", "plate", "bowl", "pan", "fridge"))
    named = " and ".join(f"one {thing}" for thing in things)
    there = "" if source == "counter" else f" from the {source}"
    words = f"{any_of(random, _PUT)} {named}{there} {rel(dish, random)} each {dish}"
    return words, [place(thing, source, dish) for _ in range(2) for thing in things]


def _navigated(random: Random) -> Part:
    thing, target = item(random), any_of(random, (*ON, *IN[:4], "dining counter"))
    there = any_of(random, ("dining table", "stove", "sink", "island", "dining counter"))
    words = f"{any_of(random, _TAKE)} the {thing}, navigate to the {there}, and "
    words += f"{any_of(random, _PUT)} it {rel(target, random)} the {target}"
    return words, [place(thing, "counter", target)]


def _one_and_other(random: Random) -> Part:
    first, second = items(random, 2)
    dish, source = any_of(random, (*IN[:5], *ON[:3])), any_of(random, ("counter", "sink", "fridge"))
    there = "" if source == "counter" else f" from the {source}"
    within = rel(dish, random)
    again = any_of(random, ("", f"{any_of(random, _PUT)} "))
    words = f"{any_of(random, _PUT)} the {first}{there} {within} one {dish} and {again}the {second}"
    return f"{words} {within} the other {dish}", [
        place(first, source, dish),
        place(second, source, dish),
    ]


def _blended(random: Random) -> Part:
    things = items(random, int(random.integers(1, 4)))
    source = any_of(random, ("counter", "fridge", "plate"))
    there = "" if source == "counter" else f" from the {source}"
    opens = random.random() < 0.5
    lead = any_of(random, ("open the blender lid, ", "open the blender lid and ")) if opens else ""
    words = f"{lead}place {listed(things, random)}{there} in the blender"
    steps = ["Open the blender lid"] if opens else []
    steps += [place(thing, source, "blender") for thing in things]
    if random.random() < 0.6:
        words += any_of(random, (", close the lid, and turn on the blender",
                                 ". Then close the lid and start the blender",
                                 " and turn it on"))  # fmt: skip
        steps += ["Close the blender lid", "Turn on the blender"]
    return words, steps


def _tray(random: Random) -> Part:
    what = any_of(random, ("ice cube tray", "oven tray", "saucepan lid", "cookie dough ball",
                           "ice bowl", "sugar cube", "wine glass", "salt shaker", "tea bag",
                           "saucer", "salad bowl", "cake stand", "soup bowl"))  # fmt: skip
    source = any_of(random, ("freezer", "cabinet", "counter", "fridge", "dining counter"))
    target = any_of(random, ("dining counter", "counter", "tray", "stove", "sink"))
    target = "island" if target == source else target
    words = f"{any_of(random, _TAKE)} the {what} from the {source} and {any_of(random, _PUT)} it "
    return f"{words}{rel(target, random)} the {target}", [place(what, source, target)]


def _heated(random: Random) -> Part:
    thing = any_of(random, (*IN[:5], item(random), "plate"))
    what = any_of(random, ("microwave", "toaster oven"))
    start = any_of(random, ("press the start button", f"turn on the {what}", f"start the {what}"))
    words = f"{any_of(random, _PUT)} the {thing} in the {what}. Close the {what} door and {start}"
    return words, [place(thing, "counter", what), f"Close the {what} door", f"Turn on the {what}"]
