"""Where a checkpoint's files are: a local folder, or a repository of the hub that is fetched once.

Only safetensors, JSON and text files are ever fetched or read: no pickles, no code.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..configs import ConfigError

_PATTERNS = ("*.json", "*.jinja", "*.txt", "*.safetensors")


def fetch(
    name: str,
    *,
    subfolder: str | None = None,
    revision: str | None = None,
    local_files_only: bool = False,
) -> Path:
    """The folder that holds a checkpoint.

    Args:
        name: a folder, or a hub id such as `Qwen/Qwen3-VL-4B-Instruct`.
        subfolder: of the folder or repository; only it is fetched.
        revision: branch, tag or commit on the hub; ignored for folders.
        local_files_only: use what was fetched before, never the network.

    Raises:
        ConfigError: if there is no such folder, or the hub does not give it.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _within(folder.absolute(), subfolder)
    if not _is_hub_id(name):
        raise ConfigError(
            f"no checkpoint at {name!r}: there is no such folder, and a hub id looks like "
            "Qwen/Qwen3-VL-4B-Instruct"
        )
    from huggingface_hub import snapshot_download

    try:
        found = snapshot_download(
            name,
            revision=revision,
            allow_patterns=[f"{subfolder}/{p}" if subfolder else p for p in _PATTERNS],
            local_files_only=local_files_only,
        )
    except Exception as error:  # the hub's client raises many kinds, some of httpx or requests
        raise ConfigError(_missing(name, subfolder, local_files_only, error)) from error
    return _within(Path(found), subfolder)


def read_json(folder: Path, file: str) -> Mapping[str, Any]:
    """One of a checkpoint's JSON files.

    Raises:
        ConfigError: if it is missing or broken.
    """
    try:
        value = json.loads((folder / file).read_text())
    except FileNotFoundError:
        raise ConfigError(f"{folder} is no checkpoint: it has no {file}") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder / file} cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise ConfigError(f"{folder / file} holds no JSON object")
    return value


def require_safetensors(folder: Path, stem: str) -> None:
    """Refuse a checkpoint whose weights are missing, cut short, or only there as a pickle.

    Args:
        folder: of the checkpoint.
        stem: `model` or `adapter_model`.

    Raises:
        ConfigError: with what to do about it.
    """
    files = sorted(folder.glob(f"{stem}*.safetensors"))
    if not files:
        pickles = [*folder.glob("*.bin"), *folder.glob("*.pt"), *folder.glob("*.pth")]
        hint = (
            f"it has {pickles[0].name}, which may run code when it is read; convert it to "
            "safetensors where you trust it"
            if pickles
            else "download it again, complete"
        )
        raise ConfigError(f"{folder} holds no {stem}.safetensors: {hint}")
    from safetensors import SafetensorError, safe_open

    for file in files:
        try:
            with safe_open(file, framework="numpy"):
                pass
        except (SafetensorError, OSError) as error:
            raise ConfigError(f"{file} is damaged ({error}); download it again") from error


def _within(folder: Path, subfolder: str | None) -> Path:
    if subfolder is None:
        return folder
    inside = Path(os.path.normpath(folder / subfolder))
    if not inside.is_relative_to(folder) or not inside.is_dir():
        there = sorted(p.name for p in folder.iterdir() if p.is_dir() and p.name[0] != ".")
        hint = f"; there are {', '.join(there[:12])}" if there else ""
        raise ConfigError(f"{folder} has no folder {subfolder!r}{hint}")
    return inside


def _is_hub_id(name: str) -> bool:
    parts = name.split("/")
    plain = all(p and not p.startswith((".", "~")) and "\\" not in p for p in parts)
    return len(parts) == 2 and plain and not name.startswith("/")


def _missing(name: str, subfolder: str | None, local_files_only: bool, error: Exception) -> str:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    part = f" --include '{subfolder}/*'" if subfolder else ""
    offline = "local files only were asked for, and " if local_files_only else ""
    return (
        f"the weights of {name!r} are not on this machine: {offline}the hub gave none "
        f"({type(error).__name__}: {reason:.160}). On a machine with internet run\n"
        f"  hf download {name}{part} --local-dir {name.split('/')[1]}\n"
        "copy that folder here and name it instead of the hub id, or build a small stand-in with "
        "`python -m leapcasa.vlm.small DIR`"
    )
