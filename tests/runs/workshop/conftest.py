"""Lets the tests of this folder share helper modules (importlib mode has no sibling imports)."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from helpers import tiny

    return tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def command(capsys):
    """`command(*arguments)`: the exit code, the JSON object on stdout, and stderr."""
    import json

    from leapcasa.runs.cli import main

    def run(*arguments: str):
        capsys.readouterr()
        code = main([*map(str, arguments), "--json"])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else None, said.err

    return run
