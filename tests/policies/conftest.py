"""Lets the tests of this folder share helper modules (importlib mode has no sibling imports)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
