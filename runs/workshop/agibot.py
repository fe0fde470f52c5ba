"""AgiBot-style recordings as samples: an episode's first frame, its task, its annotated steps.

A `task_info/task_327.json` lists episodes: `episode_id`, `task_name`, and under
`label_info.action_config` the steps with `start_frame` and `action_text`. The recordings lie in
archives or folders as `.../648642/videos/head_color.mp4`, or as single pictures,
`.../648642/camera/0/head_color.jpg`. An episode whose picture is there is not read again, so an
interrupted command goes on.
"""

import io
import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ...agent import prompts
from ...configs import ConfigError, LeapcasaError
from ..decoder import decode_range
from ..records import replace_file
from . import rows, said
from .archive import MEMBER_BYTES, Member, members

FILMS = (".mp4", ".mkv", ".avi", ".mov", ".webm")
PICTURES = (".jpg", ".jpeg", ".png")
INFO_BYTES = 512 << 20
"""Of one file of annotations, at most."""
FILE = "agibot.jsonl"
_IDENTITY = re.compile(r"[A-Za-z0-9_-]{1,64}")

Report = Callable[[int, str], None]
"""Told how many episodes are there, and the newest."""


@dataclass(frozen=True, kw_only=True)
class AgibotRequest:
    """What to read."""

    sources: Sequence[Path]
    """Archives, folders, and files of annotations."""
    out: Path
    template: str = "leap-1"
    camera: str = "head"
    """What the names of its films and pictures begin with."""
    most_bytes: int = 50 * 10**9
    """Read of one archive, at most."""


@dataclass(frozen=True, kw_only=True)
class Episode:
    """What is annotated of one episode."""

    id: str
    task: str
    """The task's number."""
    instruction: str
    steps: tuple[str, ...]
    scene: str = ""

    @property
    def image(self) -> str:
        """Its picture's path beside the samples."""
        return f"images/{self.task}-{self.id}.png"


@dataclass(kw_only=True)
class Recordings:
    """What was made of recordings."""

    file: Path
    samples: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    """Why episodes are left out -> how many."""
    errors: dict[str, str] = field(default_factory=dict)
    """Source or episode -> what went wrong."""


def make(request: AgibotRequest, report: Report) -> Recordings:
    """Write the samples.

    Raises:
        ConfigError: for a source that is not there, or if nothing is annotated.
        RecordError: if files cannot be written.
    """
    template = prompts.load(request.template)
    for path in request.sources:
        if not path.exists():
            raise ConfigError(f"there is no {path}")
    result = Recordings(file=request.out / FILE)
    episodes = annotated(request, result)
    if not episodes:
        raise ConfigError(
            "no annotations: name a task_info/task_N.json, or a folder or archive that holds one"
        )
    (request.out / "images").mkdir(parents=True, exist_ok=True)
    there = {one.id for one in episodes.values() if (request.out / one.image).is_file()}
    for path in request.sources:
        if path.suffix.lower() == ".json" or there == set(episodes):
            continue
        try:
            _frames(path, request, episodes, there, result, report)
        except LeapcasaError as error:
            result.errors[str(path)] = str(error)
    made = [_row(one, template) for one in episodes.values() if one.id in there]
    result.skipped["no film or picture in the archives"] += len(episodes) - len(made)
    result.skipped += Counter()  # drops what is zero
    result.samples = rows.write(result.file, made)
    return result


def annotated(request: AgibotRequest, result: Recordings) -> dict[str, Episode]:
    """Episodes by their number, from files and folders; from archives if those have none."""
    found: dict[str, Episode] = {}
    loose = [p for p in request.sources if p.suffix.lower() == ".json" or p.is_dir()]
    packed = [p for p in request.sources if p not in loose]
    for path in [*loose, *packed]:
        if path in packed and found:
            break
        if path.is_file() and path in loose:
            data = path.read_bytes()
            _annotations(data, path.name, str(path), found, result)
            continue
        try:
            for member in members(path, request.most_bytes, lambda name, why: None):
                if member.name.suffix.lower() == ".json" and member.size <= INFO_BYTES:
                    stream = io.BytesIO()
                    member.copy(stream, INFO_BYTES)
                    where = f"{path}:{member.name}"
                    _annotations(stream.getvalue(), member.name.name, where, found, result)
        except ConfigError as error:
            result.errors[str(path)] = str(error)
    return found


def _annotations(
    data: bytes, name: str, where: str, found: dict[str, Episode], result: Recordings
) -> None:
    """Add what a JSON file says of episodes; one that is no list of them is passed over."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        result.errors[where] = f"no JSON: {error}"
        return
    listed = value if isinstance(value, list) else [value]
    task = re.sub(r"\D+", "", Path(name).stem) or "0"
    for entry in listed:
        if not isinstance(entry, dict) or "episode_id" not in entry:
            continue
        episode = _episode(entry, task)
        if isinstance(episode, str):
            result.skipped[episode] += 1
        else:
            found[episode.id] = episode


def _episode(entry: Mapping[str, Any], task: str) -> Episode | str:
    """An episode, or why there is none."""
    identity = str(entry["episode_id"])
    if not _IDENTITY.fullmatch(identity):
        return "an episode_id that is no plain name"
    instruction = " ".join(str(entry.get("task_name") or "").split())
    info = entry.get("label_info")
    listed = info.get("action_config") if isinstance(info, dict) else None
    if not instruction or not isinstance(listed, list):
        return "no task name or no annotated steps"
    actions = [a for a in listed if isinstance(a, dict) and str(a.get("action_text") or "").strip()]
    actions.sort(key=_begins)
    texts = [" ".join(str(a["action_text"]).split()).rstrip(" .") for a in actions]
    steps = [text for i, text in enumerate(texts) if not i or text != texts[i - 1]]
    if not steps:
        return "no task name or no annotated steps"
    if any("<|" in text for text in (instruction, *steps)):
        return "words that a model takes for control tokens"
    return Episode(
        id=identity,
        task=task,
        instruction=instruction,
        steps=tuple(steps),
        scene=" ".join(str(entry.get("init_scene_text") or "").split()),
    )


def _begins(action: Mapping[str, Any]) -> float:
    try:
        return float(action.get("start_frame", 0))
    except (TypeError, ValueError):
        return 0.0


def _row(episode: Episode, template: prompts.Template) -> dict[str, Any]:
    return rows.as_json(
        template.text(episode.instruction),
        said.numbered(episode.steps),
        [episode.image],
        instruction=episode.instruction,
        task=episode.task,
        episode=episode.id,
        source="agibot",
        template=template.name,
        template_sha256=template.digest,
        **({"scene": episode.scene} if episode.scene else {}),
    )


def _frames(
    path: Path,
    request: AgibotRequest,
    episodes: Mapping[str, Episode],
    there: set[str],
    result: Recordings,
    report: Report,
) -> None:
    """Keep the first frame of every annotated episode of one source."""

    def refused(name: str, why: str) -> None:
        result.errors[f"{path}:{name}"] = why

    first: dict[str, int] = {}
    known = set(there)
    for member in members(path, request.most_bytes, refused):
        found = place(member.name, episodes, request.camera)
        if found is None or found[0] in known:
            continue
        identity, rank = found
        if rank >= first.get(identity, rank + 1):
            continue
        try:
            picture = _first_frame(member)
        except (ConfigError, ValueError) as error:
            result.errors[f"{path}:{member.name}"] = str(error)
            continue
        target = request.out / episodes[identity].image
        replace_file(target, lambda stream, picture=picture: stream.write(picture))
        first[identity] = rank
        there.add(identity)
        report(len(there), identity)


def place(
    name: PurePosixPath, episodes: Mapping[str, Episode], camera: str
) -> tuple[str, int] | None:
    """Which episode a file shows, and how early a frame it is; None if it is no such file."""
    if not name.name.startswith(camera) or "depth" in name.name:
        return None
    if name.suffix.lower() not in (*FILMS, *PICTURES):
        return None
    identity = next((part for part in reversed(name.parts[:-1]) if part in episodes), None)
    if identity is None:
        return None
    behind = name.parts[len(name.parts) - 1 - name.parts[::-1].index(identity) + 1 :]
    numbers = [int(n) for part in behind for n in re.findall(r"\d{1,12}", part)]
    is_film = name.suffix.lower() in FILMS
    return identity, 0 if is_film else (numbers[0] if numbers else 0)


def _first_frame(member: Member) -> bytes:
    """The first frame as PNG.

    Raises:
        ConfigError: if it cannot be decoded.
    """
    from PIL import Image

    with tempfile.TemporaryDirectory(prefix="leapcasa-") as folder:
        path = Path(folder) / f"film{member.name.suffix.lower()}"
        with path.open("wb") as stream:
            member.copy(stream, MEMBER_BYTES)
        if member.name.suffix.lower() in FILMS:
            picture = Image.fromarray(decode_range(path, range(0, 1))[0])
        else:
            try:
                with Image.open(path) as opened:
                    picture = opened.convert("RGB")
            except (OSError, SyntaxError, Image.DecompressionBombError) as error:
                raise ConfigError(f"no picture: {error}") from error
        made = io.BytesIO()
        picture.save(made, "png")
        return made.getvalue()
