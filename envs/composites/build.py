"""Builds steps.yaml: facts from RoboCasa's sources, corrected by a reviewer.

`python -m leapcasa.envs.composites.build` reads the installed sources, drafts every composite task,
puts the reviewed corrections over the drafts, checks the result and writes steps.yaml. `--check`
writes nothing and fails if the file is not what the command would write or if any check fails;
`--draft TASK` shows a task's draft; `--table` prints the table of docs/composites.md.

corrections.yaml holds one entry per reviewed task: nothing if the draft stands, its steps in short
form, or a mapping with `steps` (left out if the draft stands) and any of
`idle` (slots and fixtures that the criterion looks at and that stay as they are),
`starts` (where objects start, if the sources leave it open), `unsaid` (actions that the description
names and that are no step), `words` (what the episode fills in), `nouns` (what to call slots where
the episode does not say), `note` and `doubt`.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ...configs import ConfigError, LeapcasaError, nearest
from . import model
from .check import problems
from .draft import Item, draft
from .expand import moves
from .facts import Facts
from .source import all_facts
from .world import Move, World, noun

HERE = Path(__file__).parent
_HEADER = """\
# Written by `python -m leapcasa.envs.composites.build`; change corrections.yaml instead.
# Names of skills, slots, fixtures and FixtureTypes are RoboCasa365's; the sentences are ours.
"""
_EXTRAS = frozenset({"idle", "starts", "unsaid", "words", "nouns", "note", "doubt"})


def main(argv: list[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="leapcasa.envs.composites.build", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare and check, write nothing")
    parser.add_argument("--draft", metavar="TASK", help="print the draft of one task")
    parser.add_argument("--table", action="store_true", help="print the table of coverage")
    options = parser.parse_args(argv)
    try:
        if options.draft:
            return _show(options.draft)
        if options.table:
            print(table(model.read(HERE / "steps.yaml"), load(HERE)))
            return 0
        found = faults(HERE) if options.check else write(HERE)
    except LeapcasaError as error:
        found = [str(error)]
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


def load(folder: Path) -> dict[str, dict[str, Any]]:
    """The reviewed corrections of a folder, every entry as a mapping.

    Raises:
        ConfigError: if they are no YAML, or an entry is neither empty, steps nor a mapping of known
            keys.
    """
    path = folder / "corrections.yaml"
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"cannot read the corrections: {error}") from error
    out: dict[str, dict[str, Any]] = {}
    for task, entry in raw.items():
        fields = {"steps": entry} if isinstance(entry, list) else dict(entry or {})
        for key in set(fields) - _EXTRAS - {"steps"}:
            raise ConfigError(f"{path.name}: {task} has {key!r}{nearest(key, _EXTRAS)}")
        out[task] = fields
    return out


def build(corrections: Mapping[str, Mapping[str, Any]]) -> tuple[str, list[str]]:
    """The text of steps.yaml, and what is wrong with it."""
    facts = all_facts()
    found = [
        f"corrections.yaml: unknown composite task {task!r}{nearest(task, facts)}"
        for task in corrections
        if task not in facts
    ]
    blocks = [_HEADER]
    for task in sorted(facts):
        given = corrections.get(task, {})
        starts = given.get("starts", {})
        entry = {"steps": draft(facts[task], starts), **given}
        faulty = list(problems(facts[task], entry))
        found += faulty
        if not faulty:
            blocks.append(_block(facts[task], entry, reviewed=task in corrections))
    return "\n".join(blocks), found


def write(folder: Path) -> list[str]:
    """Write steps.yaml; writes nothing and returns the problems if there are any."""
    text, found = build(load(folder))
    if not found:
        (folder / "steps.yaml").write_text(text, "utf-8")
    return found


def faults(folder: Path) -> list[str]:
    """What is wrong with the steps.yaml and corrections.yaml of a folder; empty if all is well."""
    text, found = build(load(folder))
    path = folder / "steps.yaml"
    there = path.read_text("utf-8") if path.exists() else ""
    if there == text:
        return found
    wanted = {k: model.composite(k, v) for k, v in yaml.safe_load(text).items()}
    have = model.read(path) if there else {}
    differing = [task for task in sorted({*wanted, *have}) if wanted.get(task) != have.get(task)]
    named = ", ".join(differing[:8]) or "its layout"
    return [
        *found,
        f"steps.yaml is not what the command writes ({len(differing)} tasks differ: {named}); "
        "mend: python -m leapcasa.envs.composites.build",
    ]


def _block(facts: Facts, entry: Mapping[str, Any], reviewed: bool) -> str:
    """One task of steps.yaml."""
    played, world = moves(facts, entry["steps"], entry.get("starts", {}))
    nouns = entry.get("nouns", {})
    used = {v for move in played for v in move.arguments.values()}
    used |= {o for move in played for others in move.alternatives.values() for o in others}
    fields: dict[str, Any] = {
        "activity": facts.activity,
        "reviewed": reviewed,
        "fixtures": {name: world.kind(name) for name in sorted(used) if _is_fixture(world, name)},
        "objects": {s: nouns.get(s) or noun(facts, s) for s in sorted(used & set(facts.slots))},
        **{key: entry[key] for key in ("words", "note", "doubt") if key in entry},
    }
    lines = [f"{facts.name}:"]
    lines += [f"  {key}: {_flow(value)}" for key, value in fields.items() if value != {}]
    lines += ["  steps:", *(f"  - {_flow(_fields(move))}" for move in played)]
    return "\n".join(lines) + "\n"


def _is_fixture(world: World, name: str) -> bool:
    return name not in world.facts.slots and bool(world.kind(name))


def _fields(move: Move) -> dict[str, Any]:
    fields: dict[str, Any] = {"skill": move.skill.name, **move.arguments}
    if move.alternatives:
        fields["alternatives"] = {k: list(v) for k, v in move.alternatives.items()}
    if move.condition != "always":
        fields["condition"] = move.condition
    if move.after:
        fields["after"] = list(move.after)
    return {**fields, "text": move.text}


def _flow(value: Any) -> str:
    """A value as YAML on one line."""
    dumped = yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False)
    return dumped.removesuffix("\n").removesuffix("\n...")


def _show(task: str) -> int:
    facts = all_facts()
    if task not in facts:
        raise ConfigError(f"unknown composite task {task!r}{nearest(task, facts)}")
    for item in draft(facts[task], {}):
        print(f"- {_flow(item)}")
    return 0


def stands(task: str, entry: Mapping[str, Any]) -> bool:
    """Whether the reviewer kept the draft of a task."""
    proposed: list[Item] = draft(all_facts()[task], entry.get("starts", {}))
    return entry.get("steps", proposed) == proposed


def table(
    composites: Mapping[str, model.Composite], corrections: Mapping[str, Mapping[str, Any]]
) -> str:
    """Coverage by activity, as Markdown."""
    lines = [
        "| activity | tasks | reviewed | draft kept | steps | atomic | doubtful |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    activities = sorted({c.activity for c in composites.values()})
    groups = {a: [c for c in composites.values() if c.activity == a] for a in activities}
    for name, group in [*groups.items(), ("**all**", list(composites.values()))]:
        steps = [step for c in group for step in c.steps]
        counts = (
            len(group),
            sum(c.reviewed for c in group),
            sum(stands(c.task, corrections.get(c.task, {})) for c in group),
            len(steps),
            sum(step.atomic for step in steps),
            sum(bool(c.doubt) for c in group),
        )
        lines.append(f"| {name} | {' | '.join(str(n) for n in counts)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
