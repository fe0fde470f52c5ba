import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def naive_module() -> ModuleType:
    """tests/vlm/naive.py, which imports nothing of leapcasa."""
    path = Path(__file__).with_name("naive.py")
    spec = importlib.util.spec_from_file_location("naive_judge", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
