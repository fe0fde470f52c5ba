"""Lets the tests here import their helpers, and processes that they start as well."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode has no sibling imports
