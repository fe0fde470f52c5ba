"""A stack that is broken on purpose in one part, in real kitchens: that part is blamed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TASK, STEPS = "StartElectricKettle", 110
BEST = {"planner": "docstring", "policy": "expert", "judge": "referee"}
SMALL = ["env.render_profile=fast", f"limits.max_steps={STEPS}",
         *(f"env.image_size.{view}=16" for view in ("right", "left", "hand"))]  # fmt: skip


@pytest.mark.sim
@pytest.mark.parametrize(("part", "broken"), [("judge", "never"), ("policy", "hold"),
                                              ("planner", "script")])  # fmt: skip
def test_the_part_that_is_broken_on_purpose_is_blamed(part: str, broken: str, tmp_path: Path):
    (tmp_path / "steps.json").write_text(json.dumps({TASK: ["Close the electric kettle lid."]}))
    parts = [f"{name}={broken if name == part else best}" for name, best in BEST.items()]
    parts += ["planner.options.file=steps.json"] if broken == "script" else []
    words = [word for one in (*parts, *SMALL) for word in ("--set", one)]
    done = subprocess.run(
        [sys.executable, "-m", "leapcasa.runs", "eval", TASK, "--episodes", "1", "--workers", "1",
         "--no-video", "--attribute", "--out", "e", "--json", *words],
        cwd=tmp_path, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["attribution"]
    assert told == json.loads((tmp_path / "e/attribution.json").read_text())
    assert (told["failed"], told["episodes"], told["parts"]) == (1, 1, [part])
    rescued = {"+".join(one["replaced"]): one["rescued"] for one in told["variants"]}
    assert rescued == {"": 0, part: 1}
    assert told["episodes_table"][0]["rescued_by"] == [[part]]
    assert (told["blame"][0]["needed"], told["blame"][0]["shapley"]) == (1, 1.0)
    assert told["sentence"] == f"the {part} alone loses 1 of 1 failed episode"
    for one in told["variants"]:  # a rerun says what it was run with, and who read the truth
        (place,) = (tmp_path / "e" / one["folder"] / "episodes").iterdir()
        record = json.loads((place / "run.json").read_text())
        name = BEST[part] if one["replaced"] else broken
        assert record["config"][part]["name"] == name
        seen = set(BEST) - (set() if one["replaced"] else {part})
        assert set(record["privileged"]) == set(one["privileged"]) == seen
