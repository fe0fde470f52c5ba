"""Whether plans that were made are those of the shipped planner's card (`make planner-check`)."""

import json
import sys
from pathlib import Path

from leapcasa.agent.leap import SHIPPED


def main(path: Path) -> int:
    recorded = json.loads((SHIPPED / "held_out.json").read_text())
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    made = {one["case"]: one["subtasks"] for one in lines}
    other = sorted(task for task, steps in recorded.items() if made.get(task) != steps)
    for task in other:
        print(f"{task}: recorded {recorded[task]}, made {made.get(task)}")
    print(f"{len(recorded) - len(other)} of {len(recorded)} plans are as recorded")
    return 1 if other else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
