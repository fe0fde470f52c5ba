"""Which steps must come before which.

Physics and the success criterion decide, not the order of an instruction's sentences: two steps are
bound if swapping them would change what one of them finds or leaves.
"""

from collections.abc import Iterable, Sequence

from . import vocabulary
from .facts import Part
from .world import Move, World

_ENCLOSED = frozenset(
    {"MICROWAVE", "BLENDER", "STAND_MIXER", "TOASTER_OVEN", "OVEN", "COFFEE_MACHINE", "TOASTER"}
)
"""Fixtures that are filled and shut before they are switched on."""


def before(world: World, move: Move, played: Sequence[Move]) -> set[int]:
    """Positions of the steps that must come before this one."""
    return {i for i, earlier in enumerate(played) if _binds(world, earlier, move)}


def _binds(world: World, first: Move, then: Move) -> bool:
    if "Wait" in (first.skill.family, then.skill.family):
        return True
    return _objects_bind(first, then) or _fixtures_bind(world, first, then)


def _objects_bind(first: Move, then: Move) -> bool:
    """Whether the two steps handle the same things, so that swapping them changes the outcome."""
    if first.moved and (
        first.moved == then.moved
        or first.moved in then.resting
        or then.moved in first.inside
        or first.moved in then.inside
    ):
        return True
    if then.moved and (then.moved in first.resting or then.moved in first.origin):
        return True
    # What lies in the way is taken out before something else is put there.
    taken = first.origin & then.resting
    return bool(taken) and first.moved != then.moved and bool(then.moved)


def _fixtures_bind(world: World, first: Move, then: Move) -> bool:
    ways = {"Open", "Close", "Slide"}
    f, t = first.skill.family, then.skill.family
    shared = [p for p in then.reached if any(_same(world, p, q) for q in first.reached)]
    if not shared:
        return False
    kind = vocabulary.group(world.kind(shared[0].fixture))
    if "SetTemperature" in (f, t) and ways & {f, t}:
        return False
    if ways & {f, t}:
        return True
    if t == "TurnOn" and kind in _ENCLOSED:
        return first.put_in == shared[0].fixture
    if f == "TurnOn" and kind in ("SINK", "TOASTER"):
        return t in ("Rinse", "TurnOff", "Turn", "SetTemperature")
    if t == "TurnOff":
        return f in ("Rinse", "TurnOn", "SetTemperature") or first.put_in == shared[0].fixture
    return f == "SetTemperature" and t == "Rinse"


def _same(world: World, one: Part, other: Part) -> bool:
    """Whether reaching one place goes through the other."""
    if one.fixture != other.fixture:
        return False
    if world.kind(one.fixture) != "FRIDGE":
        return True
    return one.part.startswith("freezer") == other.part.startswith("freezer")


def reduced(earlier: Iterable[int], played: Sequence[Move]) -> tuple[int, ...]:
    """The positions without those that follow from the others."""
    kept: set[int] = set()
    implied: set[int] = set()
    for i in sorted(earlier, reverse=True):
        if i not in implied:
            kept.add(i)
        implied |= {i, *_closure(i, played)}
    return tuple(sorted(kept))


def _closure(position: int, played: Sequence[Move]) -> set[int]:
    direct = set(played[position].after)
    return direct.union(*(_closure(i, played) for i in direct))
