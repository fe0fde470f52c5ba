"""Lighter meshes, against a dictionary of cells."""

import mujoco
import numpy as np

from leapcasa.envs.decimate import lighten

SIDE, CELL = 41, 0.012


def wavy() -> mujoco.MjModel:
    """A drawn sheet of 3200 faces, up to 2 cm high, beside a small one that stays as it is."""
    rng = np.random.default_rng(0)
    x, y = np.meshgrid(*[np.linspace(-0.1, 0.1, SIDE)] * 2, indexing="ij")
    points = np.stack([x, y, rng.uniform(0, 0.02, x.shape)], axis=-1).reshape(-1, 3)
    at = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    a, b, c, d = (part.ravel() for part in (at[:-1, :-1], at[1:, :-1], at[1:, 1:], at[:-1, 1:]))
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])

    def text(values: np.ndarray) -> str:
        return " ".join(map(str, values.ravel().tolist()))

    meshes = f'<mesh name="sheet" vertex="{text(points)}" face="{text(faces)}"/>'
    meshes += '<mesh name="small" vertex="0 0 0 1 0 0 0 1 0 0 0 1"/>'
    geom = '<geom type="mesh" contype="0" conaffinity="0" mesh="{}"/>'
    geoms = "".join(map(geom.format, ("sheet", "small")))
    return mujoco.MjModel.from_xml_string(
        f"<mujoco><asset>{meshes}</asset><worldbody>{geoms}</worldbody></mujoco>"
    )


def test_vertices_of_a_cell_are_drawn_as_the_first_of_them_and_no_face_collapses():
    model, plain = wavy(), wavy()
    mesh = 0
    count = int(plain.mesh_vertnum[mesh])
    cells = [tuple(np.floor(p / np.float32(CELL)).astype(int)) for p in plain.mesh_vert[:count]]
    first: dict[tuple[int, ...], int] = {}
    for index, cell in enumerate(cells):
        first.setdefault(cell, index)
    stand_in = [first[cell] for cell in cells]
    faces = plain.mesh_face[: int(plain.mesh_facenum[mesh])]
    drawn = [[stand_in[corner] for corner in face] for face in faces]
    expected = [face for face in drawn if len(set(face)) == 3]
    before, after = lighten(model, CELL)
    assert before == int(plain.mesh_facenum.sum())
    assert after == len(expected) + int(plain.mesh_facenum[1])
    assert 0 < len(expected) < len(faces) / 2
    assert model.mesh_face[: len(expected)].tolist() == expected
    assert int(model.mesh_facenum[1]) == int(plain.mesh_facenum[1])
