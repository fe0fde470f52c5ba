"""Checkpoints that several tests share: small, but of the real class, made once per process."""

import importlib.util
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

# A job in the background of a script ignores Ctrl-C, and so would every command a test starts.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if "PYTEST_XDIST_WORKER" in os.environ:  # the workers are the parallelism
    os.environ.setdefault("OMP_NUM_THREADS", "1")
# Some machines forbid it; hundreds of processes that tests start would each compile this package.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(scope="session")
def small_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from leapcasa.vlm.small import build

    return build(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def small_adapter(small_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA adapter whose factors are not zero, saved by peft."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import Qwen3VLForConditionalGeneration

    folder = tmp_path_factory.mktemp("adapter")
    model = Qwen3VLForConditionalGeneration.from_pretrained(small_checkpoint)
    names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    with torch.random.fork_rng():
        torch.manual_seed(1)
        config = LoraConfig(r=4, lora_alpha=8, target_modules=names, init_lora_weights=False)
        get_peft_model(model, config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def film() -> Callable[..., np.ndarray]:
    """`film(frames, seed=0, size=224)`: (frames, size, size, 3) uint8."""
    return _film


def _film(frames: int, seed: int = 0, size: int = 224) -> np.ndarray:
    """A drifting coarse pattern with a moving square: neighbouring frames are alike, as in life."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (size // 16 + frames, size // 16, 3), dtype=np.uint8)
    made = np.empty((frames, size, size, 3), np.uint8)
    for index in range(frames):
        made[index] = coarse[index : index + size // 16].repeat(16, 0).repeat(16, 1)
        at = (7 * index) % (size - 40)
        made[index, at : at + 40, at : at + 40] = rng.integers(0, 255, 3, dtype=np.uint8)
    return made


@pytest.fixture(scope="session")
def naive_module(module_at: Callable[[str], ModuleType]) -> ModuleType:
    """tests/vlm/naive.py, which imports nothing of leapcasa."""
    return module_at("tests/vlm/naive.py")


@pytest.fixture(scope="session")
def module_at() -> Callable[[str], ModuleType]:
    """`module_at("benchmarks/flops.py")`: a file of the repository that is in no package."""
    return _module_at


def _module_at(place: str) -> ModuleType:
    path = Path(__file__).parents[1] / place
    spec = importlib.util.spec_from_file_location(f"leapcasa_file_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
