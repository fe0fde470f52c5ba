"""Two short demonstrations, recorded once by the command itself; every test may read them."""

import sys
from pathlib import Path

import pytest

from leapcasa.runs.cli import main

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode has no sibling imports


@pytest.fixture(scope="session")
def demos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from policy_demos import SEEDS, command

    folder = tmp_path_factory.mktemp("demos") / "demos"
    for seed in SEEDS:
        assert main(command(folder, seed)) == 0
    return folder
