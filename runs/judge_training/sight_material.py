"""Folders that the judge `sight` learns from or is measured on: demonstrations and clips."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...configs import ConfigError
from ...judges.sight.network import JudgeConfig
from ...policies.embedded.network import NetworkConfig
from .. import manifest
from ..manifest import Row
from ..policy import dataset

TRAIN, HELD_OUT = "train.jsonl", "val.jsonl"
"""Clips of a folder of `judge data` that are learned from, and those to look how it goes."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """What is learned from, or what is held out."""

    stretches: list[dataset.Stretch]
    """Demonstrations and posed looks."""
    rows: list[Row]
    """Of clips."""


def gather(data: Sequence[Path], sizes: NetworkConfig) -> dict[bool, Material]:
    """What is learned from (False) and what is held out (True).

    Args:
        data: folders of `policy data` and `judge data`.
        sizes: how demonstrations are read.

    Raises:
        ConfigError: if a folder cannot be read, or there is nothing of one of them.
    """
    demos = [folder for folder in data if not (folder / TRAIN).is_file()]
    every = demonstrations(demos, sizes)
    found = {
        held_out: Material(
            stretches=[one for one in every if one.held_out == held_out],
            rows=[row for folder in data for row in clips(folder / name)],
        )
        for held_out, name in ((False, TRAIN), (True, HELD_OUT))
    }
    if not all(one.stretches or one.rows for one in found.values()):
        raise ConfigError("no kitchen is left to learn from or to measure on; record more")
    return found


def demonstrations(folders: Sequence[Path], sizes: NetworkConfig) -> list[dataset.Stretch]:
    """Demonstrations and posed looks, of the pretrain split all of them.

    Raises:
        ConfigError: if a folder cannot be read, or one is of another split.
    """
    every = dataset.load(folders, sizes) if folders else []
    for one in every:
        if one.header.split != "pretrain":
            raise ConfigError(
                f"{one.header.task} seed {one.header.seed} is of the {one.header.split} split, "
                "which is for measuring alone"
            )
    return every


def clips(path: Path) -> list[Row]:
    """The rows of a manifest; none if there is no such file, or it is empty.

    Raises:
        ConfigError: if it cannot be read, or its clips are no recordings of both views.
    """
    if not path.is_file() or not path.stat().st_size:
        return []
    rows = list(manifest.load(path).rows)
    for row in rows:
        if row.span is None or not {"right", "left"} <= set(row.clips):
            raise ConfigError(
                f"{row.where}: the recipe sight learns from recordings with `end`, right and left"
            )
    return rows


def played(stretches: Sequence[dataset.Stretch], config: JudgeConfig) -> list[dataset.Stretch]:
    """The demonstrations among them that windows can be cut from."""
    return [
        one
        for one in stretches
        if one.header.played
        and one.header.look_every == config.stride
        and np.isfinite(one.progress).any()
    ]


def check_played(material: Mapping[bool, Material], config: JudgeConfig) -> None:
    """Refuse material without a window to learn from, or without one to measure on.

    Raises:
        ConfigError: if it is such.
    """
    if not all(one.rows or played(one.stretches, config) for one in material.values()):
        raise ConfigError(
            f"no demonstration has pictures at every {config.stride} steps, in kitchens to learn "
            "from and in some to measure on; record some with "
            f"`leapcasa policy data --look-every {config.stride}`"
        )
