"""As much of LeRobot's configuration as its policies' users touch."""

import json
from pathlib import Path
from types import SimpleNamespace


class PreTrainedConfig:
    @classmethod
    def from_pretrained(cls, path):
        told = json.loads((Path(path) / "config.json").read_text())
        for name in ("input_features", "output_features"):
            told[name] = {k: SimpleNamespace(shape=tuple(s)) for k, s in told[name].items()}
        return SimpleNamespace(**told)
