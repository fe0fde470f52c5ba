"""The things that steps name, brought to one form: plural, articles, synonyms, parts of fixtures.

"the top shelf of the refrigerator" is the fridge, with the detail "top shelf"; "two red apples" are
the thing "red apple", twice. Fixtures are those of RoboCasa's FixtureTypes, under the nouns of
`envs.composites.vocabulary`; whatever is no fixture is an object.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "toaster oven": ("toaster oven", "toasteroven"),
    "stand mixer": ("stand mixer", "mixer", "stand mixer bowl"),
    "coffee machine": (
        "coffee machine",
        "coffee maker",
        "coffeemaker",
        "coffee dispenser",
        "coffee machine dispenser",
    ),
    "electric kettle": ("electric kettle",),
    "dish rack": ("dish rack", "drying rack", "dish drainer", "dish drying rack"),
    "dining counter": (
        "dining counter",
        "dining table",
        "dinner table",
        "dining area",
        "dining countertop",
        "table",
    ),
    "counter": ("counter", "countertop", "counter top", "worktop", "work surface"),
    "island": ("island", "kitchen island"),
    "cabinet": ("cabinet", "cupboard"),
    "fridge drawer": ("fridge drawer", "refrigerator drawer", "crisper drawer", "crisper"),
    "freezer drawer": ("freezer drawer",),
    "drawer": ("drawer",),
    "freezer": ("freezer", "freezer compartment"),
    "fridge": ("fridge", "refrigerator"),
    "dishwasher": ("dishwasher", "dish washer"),
    "microwave": ("microwave", "microwave oven"),
    "oven": ("oven",),
    "toaster": ("toaster",),
    "blender": ("blender",),
    "stove": ("stove", "stovetop", "stove top", "cooktop", "hob", "stove burner", "burner"),
    "sink": ("sink", "basin", "sink basin", "faucet", "tap", "sink faucet"),
    "stool": ("stool", "bar stool", "barstool", "chair"),
}
FIXTURES = frozenset(_SYNONYMS)
"""Every fixture by the one name it has here."""
_FIXTURE: Mapping[str, str] = {said: name for name, all_ in _SYNONYMS.items() for said in all_}

_PARTS = (
    "door", "doors", "lid", "head", "faucet", "tap", "spout", "burner", "rack", "tray", "shelf",
    "drawer", "switch", "button", "handle", "knob", "lever", "slot", "slot-pair", "basin",
    "compartment", "dial", "temperature", "water", "heat",
)  # fmt: skip
_DETAILS = frozenset({"burner", "rack", "shelf", "slot", "basin", "lever", "tray", "side"})
"""Parts of which a fixture has several, so that it matters which one is said."""
_DETERMINERS = frozenset(
    re.findall(
        r"\w+",
        """
    the a an this that these those some any all both each every its their his her your my our
    one of remaining rest single pair piece slice bit either same entire whole first
    second third selected following present
""",
    )
)
_NUMBERS: Mapping[str, int] = {"two": 2, "both": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_IRREGULAR: Mapping[str, str] = {
    "knives": "knife",
    "loaves": "loaf",
    "leaves": "leaf",
    "halves": "half",
    "shelves": "shelf",
    "cookies": "cookie",
    "brownies": "brownie",
    "pies": "pie",
    "smoothies": "smoothie",
    "veggies": "vegetable",
    "veggie": "vegetable",
    "highest": "top",
    "uppermost": "top",
    "upper": "top",
    "lowest": "bottom",
    "lower": "bottom",
    "centre": "center",
    "middle": "center",
    "another": "other",
    "max": "maximum",
    "min": "minimum",
    "slot-pair": "slot",
}
_ONE = frozenset({"it", "that", "this", "the other", "other", "the other one", "itself"})
_PRONOUNS = _ONE | {"them", "these", "those", "everything", "each", "the others"}
_SPELT = (("(s)", ""), ("hot dog", "hotdog"), ("dishbrush", "dish brush"), ("facuet", "faucet"))
"""Spellings that RoboCasa uses beside another."""
_PACKED = frozenset({"stick", "bottle", "item", "carton", "jar", "box", "bag", "package"})
_ADJECTIVES = frozenset({"kitchen", "open", "closed", "empty", "nearby", "clean", "hot", "start",
                         "power", "stop", "speed", "main"})  # fmt: skip
_OF = re.compile(r"\s+(?:of|inside of|belonging to)\s+(?:the\s+|a\s+|an\s+|its\s+)?")


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One thing that a step names."""

    name: str
    """Its noun with what belongs to it; empty for a pronoun."""
    detail: frozenset[str] = frozenset()
    """Words that say which part of a fixture: {"top", "shelf"}."""
    count: int = 1
    """How many, if a number is said; of a pronoun, more than 1 if it is a plural."""

    @property
    def fixture(self) -> bool:
        """Whether it is a part of the kitchen."""
        return self.name in FIXTURES


def thing(phrase: str) -> Thing:
    """What a noun phrase names."""
    words = phrase.casefold()
    for spelling, usual in _SPELT:
        words = words.replace(spelling, usual)
    words = re.sub(r"'s?\b", "", re.sub(r"[^a-z0-9/' -]", " ", words).strip())
    if words in _PRONOUNS or re.fullmatch(r"(?:all|both|each|one) of (?:it|them)", words):
        return Thing(name="", count=1 if words in _ONE else 2)
    head, *rest = _OF.split(words)
    if rest and all(_drops(singular(w)) or w.isdigit() for w in head.split()):
        head, *rest = [" ".join([head, rest[0]]), *rest[1:]]
    count = _count(head)
    bare = _bare(head)
    if rest:
        whole = _plain_thing(_bare(rest[-1]))
        part = bare[-1] if bare else ""
        if whole.fixture and (not bare or part in (*_PARTS, "top", "edge", "side")):
            if part == "drawer" and whole.name in ("fridge", "freezer"):
                return Thing(name=f"{whole.name} drawer")
            return Thing(name=whole.name, detail=whole.detail | _detail(bare))
        if part in ("lid", "cover"):
            return Thing(name=f"{whole.name} lid")
    made = _plain_thing(bare)
    return Thing(name=made.name, detail=made.detail, count=count)


def singular(word: str) -> str:
    """A word without its plural; words of which one is as good as become one."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if re.search(r"(?:[sxz]|ch|sh|o)es$", word) and len(word) > 4:
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def same(one: str, other: str) -> bool:
    """Whether two names may mean one thing: equal, or one says less about it ("cup", "red cup").

    Two fixtures are the same only if their names are; a fixture and an object only if the object
    is named like it ("kettle", "electric kettle").
    """
    if one == other:
        return bool(one)
    if not one or not other or (one in FIXTURES and other in FIXTURES):
        return False
    a, b = _unpacked(one), _unpacked(other)
    return a[-1] == b[-1] and (set(a) <= set(b) or set(b) <= set(a))


def _unpacked(name: str) -> list[str]:
    """The words of a name without what it is packed in: butter is a butter stick."""
    words = name.split()
    return words[:-1] if len(words) > 1 and words[-1] in _PACKED else words


def _plain_thing(words: list[str]) -> Thing:
    """The fixture that the words end with, a part behind it included, or an object."""
    # A tray that is named after an oven is a thing to carry.
    inner = words[:-1] if words and words[-1] in _PARTS and words[-1] != "tray" else words
    for kept in (words, inner):
        for length in range(min(3, len(kept)), 0, -1):
            said = " ".join(kept[-length:])
            if said in _FIXTURE:
                before = [w for w in kept[:-length] if w not in _ADJECTIVES and w not in _FIXTURE]
                tail = words[len(kept) :] + (["burner"] if said.endswith("burner") else [])
                tail += ["basin"] if said.endswith("basin") else []
                return Thing(name=_FIXTURE[said], detail=_detail([*before, *tail]))
    return Thing(name=" ".join(words))


def _detail(words: list[str]) -> frozenset[str]:
    """What tells one part from another; nothing if the part is the only one of its kind."""
    which = {w for w in words if w not in _PARTS and w not in _ADJECTIVES}
    parts = {"shelf" if w in ("rack", "tray") else w for w in words if w in _DETAILS}
    return frozenset(which | parts) if which else frozenset()


def _bare(phrase: str) -> list[str]:
    words = [singular(w) for w in phrase.split()]
    words = words[1:] if words and words[0].isdigit() else words
    # "second highest shelf" and "second rack" say which; "the second apple" does not matter here.
    which = any(w in _DETAILS for w in words)
    return [w for w in words if not _drops(w) or (which and w == "second")]


def _drops(word: str) -> bool:
    return word in _DETERMINERS or word in _NUMBERS


def _count(phrase: str) -> int:
    words = phrase.split()
    if words and words[0].isdigit() and 1 <= int(words[0]) <= 9:
        return int(words[0])
    return next((_NUMBERS[word] for word in words if word in _NUMBERS), 1)
