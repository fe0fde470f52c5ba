"""`leapcasa policy shapes`: a trained policy is told what its skills' points keep to."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...configs import ConfigError
from ...sight import folder as folders
from ..console import Console
from ..records import check_free, make_folder, replace_file
from ..tables import TextTable, shown

HEAD = ("skill", "member", "heights of part, joint, fixture", "distances", "aside")


def shapes_command(policy: Path, data: Sequence[Path], out: Path, console: Console) -> int:
    """Learn shapes and write the policy with them; its weights stay what they are.

    Returns:
        0.

    Raises:
        ConfigError: for bad input, or if no skill is shown in enough kitchens.
        RecordError: if the result cannot be written.
    """
    from ...policies.embedded import checkpoint
    from . import dataset
    from .shapes import FEWEST_KITCHENS, learned

    policy, out = policy.expanduser(), out.expanduser().absolute()
    check_free(out)
    members = checkpoint.load_all(policy)
    with console.quiet_stdout():
        stretches = dataset.load([one.expanduser() for one in data],
                                 members.every[0].network.config)  # fmt: skip
    dataset.check_split(stretches)
    found = learned(stretches)
    if not found:
        raise ConfigError(
            f"no skill is shown in {FEWEST_KITCHENS} kitchens that are not held out; record more, "
            "for instance with `leapcasa policy data TASK --posed 4 --episodes 40`"
        )
    asked = _asked(members, stretches, found)
    text = _config(policy, members, found, asked)
    make_folder(out)
    for path in folders.files(policy, checkpoint.KIND):
        weights = path.read_bytes()
        replace_file(out / path.name, lambda stream, weights=weights: stream.write(weights))
    replace_file(out / folders.CONFIG, lambda stream: stream.write(text.encode()))
    rows = [(name, str(asked[name]), *_numbers(shape)) for name, shape in found.items()]
    value = {"out": out, "shapes": checkpoint.shapes_json(found), "members": asked}
    console.result(value, f"{shown(TextTable(head=HEAD, rows=rows))}\n{out}")
    return 0


def _asked(members: Any, stretches: Sequence[Any], found: Mapping[str, Any]) -> dict[str, int]:
    """Which member each skill that was found is for, by the demonstrations' own words."""
    texts = {skill.name: text for one in stretches
             for skill, text in zip(one.skills, one.header.subtasks, strict=True)
             if skill is not None}  # fmt: skip
    return {name: members.index(texts[name]) for name in found}


def _config(policy: Path, members: Any, found: Mapping[str, Any], asked: Mapping[str, int]) -> str:
    """The policy's `config.json` with the shapes that were found, each where it is asked for."""
    from ...policies.embedded import checkpoint

    config = json.loads((policy / folders.CONFIG).read_text())
    for number, part in enumerate(config.get(folders.MEMBERS, [config])):
        own = {name: shape for name, shape in found.items() if asked[name] == number}
        known = {**members.every[number].shapes, **own}
        part[checkpoint.SHAPES] = checkpoint.shapes_json(known)
    return folders.config_json(checkpoint.KIND, config)


def _numbers(shape: Any) -> tuple[str, str, str]:
    """Centimetres, as means and standard deviations."""
    each = [f"{100 * m + 0.0:.1f}±{100 * s:.1f}"
            for m, s in zip(shape.mean.round(3), shape.std, strict=True)]  # fmt: skip
    return " ".join(each[:3]), " ".join(each[3:6]), each[6]
