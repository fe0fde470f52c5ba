"""Whether an evaluation of preset `default` is as the shipped policy's card says.

`make stack-check` evaluates and compares. `stack_check.py DIR... --record` writes what evaluations
gave beside the weights, as the figures of a new card. With `--add` they come beside what was
recorded, as far as the very same networks were asked then: a joined policy that has one more for
other skills still asks the old ones for the old skills. `--seeds TASK` says which seeds those are.

The loop has no randomness, so on the processor that recorded them episodes end alike to the step.
Others round differently: there the rates have to agree, as far as their 95 % intervals overlap.
"""

import argparse
import csv
import hashlib
import json
import sys
from functools import reduce
from pathlib import Path
from statistics import median
from typing import Any

from leapcasa.envs.skills import kind_of
from leapcasa.judges.sight import checkpoint as judge_checkpoint
from leapcasa.judges.sight.checkpoint import KIND
from leapcasa.judges.sight.judge import SHIPPED as JUDGE
from leapcasa.policies.embedded import checkpoint
from leapcasa.policies.embedded.policy import SHIPPED as POLICY
from leapcasa.runs.judge_statistics import Rate, wilson
from leapcasa.sight import folder as folders

RECORDED = POLICY / "closed_loop.json"
FALSELY = "declared and not true"
Episodes = dict[str, dict[str, list[Any]]]
"""Task -> seed -> success, declared, steps."""


def read(folder: Path) -> dict[str, Any]:
    """The scored episodes of an evaluation, and what they were run on."""
    tasks: Episodes = {}
    with (folder / "episodes.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["status"] == "scored"]
    if not rows:
        sys.exit(f"{folder} holds no scored episode")
    for row in rows:
        kept = [row["success"] == "True", row["declared_success"] == "True", int(row["steps"])]
        tasks.setdefault(row["task"], {})[row["seed"]] = kept
    return {
        "policy": checkpoint.digest(POLICY),
        "judge": folders.digest(JUDGE, KIND),
        "loop": loop(json.loads((folder / "summary.json").read_text())["identity"]),
        "assets": sorted({row["assets"] for row in rows}),
        "split": sorted({row["split"] for row in rows}),
        "networks": {task: asked(folder, task) for task in sorted(tasks)},
        "tasks": {task: _ordered(tasks[task]) for task in sorted(tasks)},
    }


def loop(identity: dict[str, Any]) -> dict[str, Any]:
    """Of what identifies an evaluation, how the loop was set; weights go by their hashes."""
    parts = ("planner.", "policy.", "judge.", "advance.", "env.", "limits.")
    return {name: value for name, value in identity.items()
            if name.startswith(parts) and not name.endswith("options.path")}  # fmt: skip


def rates(episodes: dict[str, list[Any]]) -> dict[str, Any]:
    """True success, falsely declared success, and the median of the steps."""
    n = len(episodes)
    true = wilson(sum(success for success, _, _ in episodes.values()), n)
    falsely = wilson(sum(said and not true for true, said, _ in episodes.values()), n)
    steps = median(steps for _, _, steps in episodes.values())
    return {"true": true, FALSELY: falsely, "steps": steps}


def shown(rate: Rate) -> str:
    """Hits, and the interval."""
    return f"{rate.hits} of {rate.n} ({rate.low:.0%} to {rate.high:.0%})"


def table(recorded: Episodes) -> str:
    """The card's table."""
    lines = ["| task | true success | 95 % (Wilson) | falsely declared done | median steps |",
             "| --- | ---: | ---: | ---: | ---: |"]  # fmt: skip
    for task, episodes in recorded.items():
        found = rates(episodes)
        true = found["true"]
        lines.append(f"| {task} | {true.hits} of {true.n} | {100 * true.low:.0f} to "
                     f"{100 * true.high:.0f} % | {found[FALSELY].hits} | "
                     f"{found['steps']:.0f} |")  # fmt: skip
    return "\n".join(lines)


def compare(recorded: Episodes, made: Episodes) -> bool:
    """Print both beside each other; True if they agree."""
    agree = True
    for task, episodes in made.items():
        known = {s: recorded.get(task, {}).get(s) for s in episodes}
        alike = sum(known[s] == kept for s, kept in episodes.items())
        same = {s: kept for s, kept in known.items() if kept is not None}
        print(f"{task}: {alike} of {len(episodes)} episodes ended alike to the step")
        if not same:
            print("  none of these seeds was recorded")
            agree = False
            continue
        before, now = rates(same), rates(episodes)
        for name in ("true", FALSELY):
            fits = before[name].low <= now[name].high and now[name].low <= before[name].high
            agree &= fits
            print(f"  {name}: recorded {shown(before[name])}, now {shown(now[name])}"
                  f"{'' if fits else ': THEY DIFFER'}")  # fmt: skip
    return agree


def asked(folder: Path, task: str) -> dict[str, list[str]]:
    """Hashes of what of the shipped policy and judge a task's subtasks are for."""
    texts: set[str] = set()
    for path in sorted(folder.glob(f"episodes/{task}_*/events.jsonl")):
        with path.open() as stream:
            texts |= set(json.loads(stream.readline())["subtasks"])
    policy, judge = checkpoint.load_all(POLICY), judge_checkpoint.load_all(JUDGE)
    return {
        "policy": sorted({_policy_hash(policy.of(text), text) for text in texts}),
        "judge": sorted({_judge_hash(judge.of(text), kind_of(text)) for text in texts}),
    }


def _policy_hash(member: checkpoint.Checkpoint, text: str) -> str:
    """Of what it learned, and of what it knows of the subtask's points."""
    shape = member.shape(text)
    return _hash(member.network.state_dict(), json.dumps(shape and shape.as_json()))


def _judge_hash(network: Any, kind: str) -> str:
    """Of what it learned, what its answers about a kind of subtask are worth, and its doubt."""
    figures = network.calibrations_of(kind)
    worth = [str(figures[view]) for view in sorted(figures)]
    if kind in network.doubts:
        worth.append(f"doubt of the kind {network.doubts[kind]}")
    elif network.doubt:
        worth.append(f"doubt {network.doubt}")
    return _hash(network.state_dict(), "".join(worth))


def _hash(state: dict[str, Any], more: str = "") -> str:
    found = hashlib.sha256(more.encode())
    for name, value in sorted(state.items()):
        found.update(name.encode() + value.contiguous().numpy().tobytes())
    return found.hexdigest()


def added(recorded: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    """What was made, beside what was recorded in the same loop and kitchens by the same networks.

    A seed that was played again counts as it went now.
    """
    alike = all(recorded[name] == made[name] for name in ("loop", "assets", "split"))
    tasks, networks = dict(made["tasks"]), dict(made["networks"])
    for task, before in recorded["tasks"].items():
        own = recorded["networks"][task]
        if alike and networks.setdefault(task, own) == own:
            tasks[task] = _ordered({**before, **tasks.get(task, {})})
        else:
            print(f"{task}: {len(before)} episodes of other networks, loop or kitchens left out")
    return {**made, "tasks": _by_name(tasks), "networks": _by_name(networks)}


def _ordered(episodes: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return dict(sorted(episodes.items(), key=lambda x: int(x[0])))


def _by_name(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in sorted(values)}


def other(recorded: dict[str, Any], made: dict[str, Any]) -> bool:
    """Print what is not the same; True if anything is."""
    names = [x for x in ("policy", "judge", "loop", "assets", "split") if recorded[x] != made[x]]
    for name in names:
        print(f"{name}: recorded {recorded[name]}, now {made[name]}")
    return bool(names)


def seeds(recorded: dict[str, Any], task: str) -> str:
    """A task's recorded seeds, as `leapcasa eval --seeds` takes them."""
    return ",".join(recorded["tasks"][task])


def main() -> int:
    """Compare, record, or say what there is to play again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="*", help="of `leapcasa eval`")
    parser.add_argument("--record", action="store_true", help="write the figures instead")
    parser.add_argument("--add", action="store_true", help="with --record: keep other episodes")
    parser.add_argument("--seeds", metavar="TASK", help="print the recorded seeds of a task")
    options = parser.parse_args()
    if options.seeds:
        print(seeds(json.loads(RECORDED.read_text()), options.seeds))
        return 0
    if not options.folder:
        parser.error("name folders of `leapcasa eval`, or a task with --seeds")
    made = reduce(added, map(read, options.folder))
    if options.record:
        if options.add:
            made = added(json.loads(RECORDED.read_text()), made)
        RECORDED.write_text(json.dumps(made).replace('"tasks": ', '\n"tasks": ') + "\n")
        print(table(made["tasks"]))
        return 0
    recorded = json.loads(RECORDED.read_text())
    if other(recorded, made):
        return 1
    return 0 if compare(recorded["tasks"], made["tasks"]) else 1


if __name__ == "__main__":
    sys.exit(main())
