"""The small members that these tests join are made in one place."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode has no sibling imports
