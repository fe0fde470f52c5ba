"""Scenes for object tests: instances as RoboCasa sees them, standing on a slab.

Contact parameters and density are those RoboCasa's `ObjCat` puts on every object geom.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np
from PIL import Image

from leapcasa.envs.standin.objects import draw, forms, labels
from leapcasa.envs.standin.objects.catalogue import CATALOGUE
from leapcasa.envs.standin.objects.shape import Shape

GRID_M = 1.2
DENSITY, FRICTION = 100.0, (0.95, 0.3, 0.1)
SOLREF, SOLIMP = (0.001, 2.0), (0.998, 0.998, 0.001)
SLAB = """
<mujoco><option timestep="0.002" impratio="1"><flag multiccd="enable"/></option>
 <size memory="256M"/>
 <worldbody>
  <geom name="slab" type="box" size="30 30 0.1" pos="0 0 -0.1" friction="1 0.005 0.0001"/>
 </worldbody>
</mujoco>
"""


@dataclass(frozen=True, eq=False)
class Placed:
    """One object of a scene: its category, its shape (bbox centred) and where it was put."""

    category: str
    shape: Shape
    start: np.ndarray

    @property
    def half(self) -> np.ndarray:
        """Half sizes of the bounding box, (3,) metres."""
        return self.shape.bounds()[1]


def write_library(folder: Path) -> None:
    """Put the meshes and labels where models drawn into `folder` look for them."""
    for path, content in [*forms.files(), *labels.files(), _wood()]:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _wood() -> tuple[str, bytes]:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (180, 130, 80)).save(out, format="PNG")
    return "textures/standin/wood_board.png", out.getvalue()


def shape_of(category: str, index: int) -> Shape:
    """The index-th instance of a category, in metres, its bounding box on the origin."""
    return draw(CATALOGUE[category], f"objects/test/{category}/{category}_{index}", index).centred()


def build(
    folder: Path, wanted: Sequence[tuple[str, int]], *, height: float = 0.005, extra: str = ""
) -> tuple[mujoco.MjModel, list[Placed]]:
    """A model with one free body per wanted (category, index), each on its own place of a grid.

    Args:
        folder: where `write_library` wrote.
        wanted: what to place.
        height: of the lowest point above the slab [m].
        extra: MJCF put into the worldbody, for grippers.
    """
    spec = mujoco.MjSpec.from_string(SLAB.replace("</worldbody>", extra + "</worldbody>"))
    side = int(np.ceil(np.sqrt(len(wanted))))
    placed = []
    for i, (category, index) in enumerate(wanted):
        shape = shape_of(category, index)
        centre, half = shape.bounds()
        start = np.array([GRID_M * (i % side), GRID_M * (i // side), height + half[2] - centre[2]])
        file = folder / f"objects/test/{category}/{category}_{index}/model.xml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(shape.model((1, 1, 1)).xml())
        attach(spec, file, 1.0, tuple(start), f"o{i}_")
        placed.append(Placed(category, shape, start))
    return spec.compile(), placed


def attach(
    spec: mujoco.MjSpec, file: Path, scale: float, pos: Sequence[float], prefix: str
) -> None:
    """Add a model file as a free body, scaled and with RoboCasa's contact parameters."""
    child = mujoco.MjSpec.from_file(str(file))
    for geom in child.geoms:
        geom.density, geom.friction = DENSITY, FRICTION
        geom.solref, geom.solimp = SOLREF, (*SOLIMP, 0.5, 2)
        geom.pos, geom.size = geom.pos * scale, geom.size * scale
    for mesh in child.meshes:
        mesh.scale = mesh.scale * scale
    body = child.worldbody.first_body().first_body()
    body.add_freejoint()
    spec.worldbody.add_frame(pos=list(pos)).attach_body(body, prefix, "")


def body_ids(model: mujoco.MjModel, count: int) -> list[int]:
    """Body ids of the placed objects, in their order."""
    return [model.body(f"o{i}_object").id for i in range(count)]


def upright_cosine(data: mujoco.MjData, bodies: Iterable[int]) -> np.ndarray:
    """Cosine between each body's z axis and the vertical."""
    return np.array([data.xmat[b].reshape(3, 3)[2, 2] for b in bodies])
