import subprocess
import sys

import pytest

from leapcasa.configs import ConfigError
from leapcasa.envs.tasks import all_tasks, task, task_set, task_sets


def test_catalogue_has_the_370_concrete_tasks_of_which_365_are_the_benchmark():
    tasks = all_tasks().values()
    assert len(tasks) == 370
    assert sum(t.kind == "atomic" for t in tasks) == 70
    assert sum(t.kind == "composite" for t in tasks) == 300
    assert sum(t.benchmark for t in tasks) == 365


def test_catalogue_agrees_with_what_robocasa_itself_registers():
    script = (
        "from leapcasa.envs.quiet import import_robocasa; import_robocasa()\n"
        "from robosuite.environments.base import REGISTERED_ENVS\n"
        "from robocasa.utils.dataset_registry import TASK_SET_REGISTRY as sets\n"
        "from robocasa.utils.dataset_registry import ATOMIC_TASK_DATASETS as atomic\n"
        "from robocasa.utils.dataset_registry import COMPOSITE_TASK_DATASETS as composite\n"
        "from leapcasa.envs.tasks import all_tasks, task_sets\n"
        "tasks = all_tasks()\n"
        "assert set(tasks) <= set(REGISTERED_ENVS), set(tasks) - set(REGISTERED_ENVS)\n"
        "assert task_sets() == {k: tuple(v) for k, v in sets.items()}\n"
        "theirs = {**atomic, **composite}\n"
        "assert {n: t.horizon for n, t in tasks.items() if t.horizon} == "
        "{n: e['horizon'] for n, e in theirs.items()}\n"
        "kitchens = {n for n, c in REGISTERED_ENVS.items() if c.__module__.startswith("
        "'robocasa.environments.kitchen.')}\n"
        "templates = {'Kitchen', 'PickPlace', 'ManipulateDoor', 'ManipulateLowerDoor', 'OpenDoor',"
        " 'CloseDoor', 'OpenDropDownDoor', 'CloseDropDownDoor'}\n"
        "assert kitchens - templates == set(tasks), kitchens ^ set(tasks)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_unknown_names_come_with_the_nearest_ones():
    with pytest.raises(ConfigError, match="did you mean 'RinseSinkBasin'"):
        task("RinseSinkBassin")
    with pytest.raises(ConfigError, match="did you mean 'composite_seen'"):
        task_set("composite_sen")


def test_sets_hold_the_published_numbers_of_tasks():
    sizes = {name: len(members) for name, members in task_sets().items()}
    assert (sizes["atomic_seen"], sizes["composite_seen"], sizes["composite_unseen"]) == (
        18,
        16,
        16,
    )
    assert [t.name for t in task_set("target50")] == [
        t.name
        for name in ("atomic_seen", "composite_seen", "composite_unseen")
        for t in task_set(name)
    ]
