"""Several folders of `policy train` or `judge train --recipe sight` become one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...configs import ConfigError
from ...judges.sight import checkpoint as judges
from ...sight import folder as folders
from ..console import Console
from ..records import check_free, make_folder, replace_file
from ..versions import versions

if TYPE_CHECKING:
    from torch import Tensor

SHOWN_ALIKE = {"policy": ("size", "hand_size", "chunk"), "judge": ("size", "looks", "stride")}
"""Sizes in which members must agree, as they are shown the same pictures."""
MORE = (("blocks", "blocks of attention", "--blocks", 0), ("heads", "verdicts", "--set heads", 1))
"""Sizes of which the first member may have no more than others: name, words, the option that sets
it, and the least."""
CLAIMS = "claims"
"""Where `config.json` says of a member which subtasks it is for."""


@dataclass(frozen=True, kw_only=True)
class JoinRequest:
    """What the user asked for."""

    kind: folders.Kind
    base: Path
    """Asked wherever the words do not speak for another; may be joined already."""
    added: Sequence[tuple[Path, Sequence[str]]]
    """Folders, and the subtasks in words that each is for."""
    out: Path
    bits: int = 16
    """That the weights of what is added are kept in, 8 or 16."""
    shrunk: Sequence[int] = ()
    """Numbers of members of the base that are kept in 8 bits from now on."""
    first: Sequence[str] = ()
    """Subtasks in words that the first member is for, as it is for all that nobody claims."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Member:
    part: Mapping[str, Any]
    state: "Mapping[str, Tensor]"
    claims: Sequence[str]


def join_command(request: JoinRequest, console: Console) -> int:
    """Join.

    Returns:
        0.

    Raises:
        ConfigError: for bad input.
        RecordError: if the result cannot be written.
    """
    from . import gate as gates

    out = request.out.expanduser().absolute()
    check_free(out)
    with console.quiet_stdout():
        members = _shrunk(_members(request.base, request.kind), request)
        for folder, texts in request.added:
            members = _with(members, folder, texts, request)
        members = _kept(members, request.first)
        _check_alike(members, request.kind)
        claims = [member.claims for member in members]
        gate = gates.learn(gates.lessons(claims, held_out=False), len(members))
        right = gates.rightness(gate, gates.lessons(claims, held_out=True), len(members))
        bits = [8 if one.part.get(folders.BITS) == 8 else 16 for one in members]
        files = folders.joined_files(request.kind, [one.state for one in members], gate, bits)
    parts = [{**one.part, CLAIMS: list(one.claims)} for one in members]
    about = {"held_out_wordings": {str(n): share for n, share in right.items()},
             "versions": versions()}  # fmt: skip
    text = folders.config_json(request.kind, {folders.MEMBERS: parts, "about": about})
    make_folder(out)
    for name, data in files.items():
        replace_file(out / name, lambda stream, data=data: stream.write(data))
    replace_file(out / folders.CONFIG, lambda stream: stream.write(text.encode()))
    if request.kind.what == "judge":  # as its training writes one
        preset = judges.preset_yaml(out)
        replace_file(out / "judge.yaml", lambda stream: stream.write(preset.encode()))
    size = sum(map(len, files.values()))
    console.result({"out": out, "members": claims, "bytes": size, **about},
                   _as_text(out, members, right, size))  # fmt: skip
    return 0


def _members(folder: Path, kind: folders.Kind) -> Sequence[_Member]:
    folder = folder.expanduser()
    parts = folders.parts(folder, kind)
    states = folders.states(folder, kind, len(parts))
    return [
        _Member(part=part, state=state, claims=part.get(CLAIMS, []))
        for part, state in zip(parts, states, strict=True)
    ]


def _shrunk(members: Sequence[_Member], request: JoinRequest) -> list[_Member]:
    """The members of the base, some of them in 8 bits."""
    if not request.added and not request.shrunk:
        raise ConfigError("nothing to do: give --add DIR SUBTASK..., --shrink N, or both")
    for number in request.shrunk:
        if not 0 <= number < len(members):
            raise ConfigError(
                f"--shrink {number}: {request.base} has members 0 .. {len(members) - 1}"
            )
    return [
        replace(one, part={**one.part, folders.BITS: 8}) if n in request.shrunk else one
        for n, one in enumerate(members)
    ]


def _with(
    members: Sequence[_Member], folder: Path, texts: Sequence[str], request: JoinRequest
) -> list[_Member]:
    """One member more; what it is for is taken from the others, and who has nothing left goes."""
    from . import gate as gates

    if not texts:
        raise ConfigError(f'--add {folder}: say what it is for: --add {folder} "rotate the pan"')
    taken = gates.asked_for(texts).keys()
    (new, *more) = _members(folder, request.kind)
    if more:
        raise ConfigError(f"--add {folder} is joined of several itself; add these one by one")
    kept = []
    for number, old in enumerate(members):
        meant = gates.understood(old.claims)
        claims = [text for text in old.claims if meant[text].key not in taken]
        if not number or claims:
            kept.append(_Member(part=old.part, state=old.state, claims=claims))
    part = {**new.part, folders.BITS: request.bits} if request.bits != 16 else new.part
    return [*kept, _Member(part=part, state=new.state, claims=list(texts))]


def _kept(members: Sequence[_Member], texts: Sequence[str]) -> Sequence[_Member]:
    """The same, the first with more sentences that are surely its own."""
    from . import gate as gates

    if not texts:
        return members
    first, *others = members
    claims = [*first.claims, *(text for text in texts if text not in first.claims)]
    asked = gates.asked_for(claims)
    for other in others:
        if both := asked.keys() & gates.asked_for(other.claims).keys():
            raise ConfigError(f"--first {min(both)!r}: another member is for that")
    return [replace(first, claims=claims), *others]


def _check_alike(members: Sequence[_Member], kind: folders.Kind) -> None:
    for name in SHOWN_ALIKE[kind.what]:
        values = {str(member.part["network"].get(name)) for member in members}
        if len(values) > 1:
            raise ConfigError(
                f"the {kind.what}s have different {name}: {', '.join(sorted(values))}; all members "
                "are shown the same pictures"
            )
    # What a member's file lacks is the first's, so the first may have no weights that others lack.
    for name, words, option, least in MORE:
        first, *others = (member.part["network"].get(name, least) for member in members)
        if first > min(others, default=first):
            raise ConfigError(
                f"the first {kind.what} has {first} {words} and another has fewer: train that with "
                f"as many {option}"
            )


def _as_text(
    out: Path, members: Sequence[_Member], right: Mapping[int, float | None], size: int
) -> str:
    lines = []
    for number, member in enumerate(members):
        share = right[number]
        found = "no wordings held out" if share is None else f"{share:.1%} of held-out wordings"
        lines.append(f"{number}  {found:30s} {'; '.join(member.claims) or 'everything else'}")
    return "\n".join([*lines, f"{size / 1e6:.1f} MB    {out}"])
