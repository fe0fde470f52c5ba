"""What models can run in here: tried, not looked up. `python -m leapcasa.vlm.support` prints JSON.

It runs in a process of its own when `leapcasa doctor` asks, since a broken GPU library may end
the process that touches it.
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from .load import quiet


@dataclass(frozen=True, kw_only=True)
class DeviceSupport:
    """What one device can do."""

    device: str
    """`cpu` or `cuda:N`."""
    name: str
    nf4: str
    """`ok`, or why 4-bit NF4 weights do not work there."""
    bfloat16: str
    """`ok`, or why not."""


def examine() -> Iterator[DeviceSupport]:
    """Every device torch sees, tried."""
    import torch

    names = {"cpu": "CPU"}
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        names[f"cuda:{index}"] = torch.cuda.get_device_name(index)
    for device, name in names.items():
        yield DeviceSupport(
            device=device, name=name, nf4=_tried(_nf4, device), bfloat16=_tried(_bfloat16, device)
        )


def _tried(work: Callable[[str], str], device: str) -> str:
    try:
        return work(device)
    except Exception as error:  # whatever a library for this device may raise
        return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"


def _nf4(device: str) -> str:
    """Quantise a layer and compare its product with that of the weights it stands for."""
    import bitsandbytes as bnb
    import torch

    torch.manual_seed(0)
    layer = bnb.nn.modules.Linear4bit(
        128,
        64,
        bias=False,
        compute_dtype=torch.bfloat16,
        compress_statistics=True,
        quant_type="nf4",
    )
    exact = layer.weight.detach().clone()
    layer = layer.to(device)
    with torch.no_grad():
        ours = layer(torch.eye(128, dtype=torch.bfloat16, device=device)).float().cpu()
    error = (ours.T - exact).abs().mean() / exact.abs().mean()
    # 4-bit normal floats keep about one part in ten of a weight drawn at random
    return "ok" if error < 0.2 else f"products are off by {error:.0%}"


def _bfloat16(device: str) -> str:
    import torch

    ones = torch.ones(8, 8, dtype=torch.bfloat16, device=device)
    return "ok" if (ones @ ones == 8).all() else "wrong product"


def main() -> int:
    """Print what was found; 0 if torch itself works."""
    with quiet():
        found = [asdict(device) for device in examine()]
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
