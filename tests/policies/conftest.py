"""Lets the tests of this folder share helper modules (importlib mode has no sibling imports)."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny policy with random weights."""
    from small_policy import write_untrained

    return write_untrained(tmp_path_factory.mktemp("untrained"))
