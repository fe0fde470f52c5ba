"""Lets these tests share their helper modules, and one browser."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import browser as chromium


@pytest.fixture(scope="session")
def tab() -> Iterator[chromium.Page]:
    """A tab of a real browser."""
    if chromium.executable() is None:
        pytest.skip(chromium.MISSING)
    with chromium.browser() as page:
        yield page
