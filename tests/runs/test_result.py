"""What broke is known by its class, not by its words."""

import dataclasses
import errno

import pytest

from leapcasa import configs
from leapcasa.runs.records import RecordError
from leapcasa.runs.result import Result, kind_of


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (configs.InfrastructureError("x"), "infrastructure"),
        (configs.PolicyError("cannot write: No space left on device"), "policy"),
        (configs.JudgeError("x"), "judge"),
        (configs.ModelError("x"), "model"),
        (configs.EnvironmentFault("x"), "environment"),
        (configs.LeapcasaError("no plan"), "agent"),
        (RecordError("x"), "record"),
        (OSError(errno.ENOSPC, "No space left on device"), "record"),
        (OSError(errno.ENOENT, "No such file"), "unexpected"),
        (ZeroDivisionError("x"), "unexpected"),
    ],
)
def test_each_error_has_its_kind(error, kind):
    assert kind_of(error) == kind


def test_a_record_from_before_there_were_kinds_is_still_a_result():
    old = {f.name: "" for f in dataclasses.fields(Result) if f.name != "error_kind"}
    assert Result(**old).error_kind is None


@pytest.mark.sim
def test_a_simulation_that_breaks_is_no_failure_of_the_agent(tmp_path, monkeypatch):
    (tmp_path / "breaking.py").write_text(
        "from leapcasa.configs import EnvironmentFault\n"
        "from leapcasa.policies.hold import HoldPolicy\n\n\n"
        "class Policy(HoldPolicy):\n"
        "    def act(self, sensors, instruction):\n"
        "        if sensors.step:\n"
        "            raise EnvironmentFault('the simulation broke down')\n"
        "        return super().act(sensors, instruction)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    from leapcasa.runs.evaluation import reading
    from leapcasa.runs.rollout import rollout

    config = configs.load("baseline", ["policy=breaking:Policy", "video.enabled=false",
                                       "env.render_profile=fast"], task="CloseFridge")  # fmt: skip
    result = rollout(config, tmp_path / "run")
    assert (result.error_kind, result.end_reason) == ("environment", "infrastructure_error")
    assert result.steps == 16
    row = reading.read(tmp_path / "run", result, attempt=1, max_steps=9)
    assert (row.status, row.error_kind) == ("infrastructure_error", "environment")
