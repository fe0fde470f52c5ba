"""Small networks to join, with random weights, and what a policy of them does."""

from pathlib import Path

import numpy as np
import torch

from leapcasa.envs.sensors import Proprioception, Sensors
from leapcasa.judges.sight import checkpoint as judge_checkpoint
from leapcasa.judges.sight.network import JudgeConfig
from leapcasa.judges.sight.network import Network as JudgeNetwork
from leapcasa.policies.embedded import EmbeddedPolicy, checkpoint, geometry
from leapcasa.policies.embedded.network import Network, NetworkConfig
from leapcasa.runs.cli import main
from leapcasa.sight import folder as folders

PAN, KETTLE, FAUCET = "rotate the pan", "turn on the kettle", "turn on the faucet"


def policy(folder: Path, seed: int, size: int = 32, blocks: int = 0) -> Path:
    config = NetworkConfig(size=size, hand_size=32, chunk=6, channels=(8, 8, 8), blocks=blocks,
                           words=8, width=32, depth=1)  # fmt: skip
    folder.mkdir()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Network(config)
        for name, weights in network.named_parameters():
            if ".around." in name:  # as if it had learned: its last layers begin as nothing
                torch.nn.init.normal_(weights, std=0.5)
    ones, zeros = np.ones((6, geometry.MOTION), np.float32), np.zeros(geometry.FEATURES, np.float32)
    stats = checkpoint.Statistics(
        felt_mean=zeros, felt_std=zeros + 1, motion_mean=0.01 * seed * ones, motion_std=0.02 * ones
    )
    (folder / folders.CONFIG).write_text(checkpoint.config_json(config, stats, {"seed": seed}))
    (folder / checkpoint.KIND.weights).write_bytes(folders.weights_bytes(network))
    return folder


def judge(folder: Path, seed: int) -> Path:
    folder.mkdir()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = JudgeNetwork(JudgeConfig(size=64, channels=(8, 16, 16), words=16, width=32))
    (folder / folders.CONFIG).write_text(judge_checkpoint.config_json(network.config, {}))
    (folder / judge_checkpoint.KIND.weights).write_bytes(folders.weights_bytes(network))
    return folder


def join(what: str, base: Path, out: Path, *added: tuple[Path, str], bits: int = 16) -> int:
    words = [what, "join", str(base), "--out", str(out), "--bits", str(bits)]
    for folder, text in added:
        words += ["--add", str(folder), text]
    return main(words)


def sensors(step: int) -> Sensors:
    """Noise to see, and a robot that stands anywhere."""
    rng = np.random.default_rng(step)
    felt = [rng.normal(size=size).astype(np.float32) for size in (2, 3, 4, 3, 4)]
    for turn in (felt[2], felt[4]):
        turn /= np.linalg.norm(turn)
    names = Proprioception.__dataclass_fields__
    return Sensors(
        images={view: rng.integers(0, 255, (64, 64, 3), np.uint8)  # type: ignore[misc]
                for view in ("right", "left", "hand")},
        proprioception=Proprioception(**dict(zip(names, felt, strict=True))),
        instruction="a task",
        step=step,
    )  # fmt: skip


def acted(folder: Path, text: str) -> np.ndarray:
    one = EmbeddedPolicy(path=str(folder))
    one.reset(text, 0)
    return np.concatenate([one.act(sensors(step), text) for step in range(6)])
