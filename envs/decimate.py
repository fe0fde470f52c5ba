"""Lighter robot meshes for the `fast` render profile.

Nine tenths of a kitchen's faces belong to the robot. Vertices that fall into the same cell of a
grid are drawn as one, faces that collapse are left out. Only what is drawn changes: the robot's
visual meshes touch nothing.
"""

from typing import Any

import numpy as np

CELL = 0.012
"""Grid cell [m]: about two pixels of an agent view at 224 px."""
HEAVY = 2000
"""Meshes with fewer faces are left as they are."""


def lighten(model: Any, cell: float = CELL) -> tuple[int, int]:
    """Thin out the heavy visual meshes of a compiled model, in place.

    Call before a render context is made, which is when meshes go to the GPU.

    Args:
        model: the compiled model.
        cell: size of the grid that vertices are gathered in [m].

    Returns:
        Faces of all meshes before and after.
    """
    before = int(model.mesh_facenum.sum())
    drawn = set(model.geom_dataid[(model.geom_contype == 0) & (model.geom_conaffinity == 0)])
    touched = set(model.geom_dataid[(model.geom_contype != 0) | (model.geom_conaffinity != 0)])
    for mesh in drawn - touched - {-1}:
        if model.mesh_facenum[mesh] > HEAVY:
            _thin(model, int(mesh), cell)
    return before, int(model.mesh_facenum.sum())


def _thin(model: Any, mesh: int, cell: float) -> None:
    start, count = int(model.mesh_vertadr[mesh]), int(model.mesh_vertnum[mesh])
    cells = np.floor(model.mesh_vert[start : start + count] / cell).astype(np.int64)
    low = cells.min(axis=0)
    # One number a cell: numpy sorts those several times as fast as rows.
    numbers = np.ravel_multi_index((cells - low).T, cells.max(axis=0) - low + 1)
    _, first, group = np.unique(numbers, return_index=True, return_inverse=True)
    stand_in = first[group]
    adr, faces = int(model.mesh_faceadr[mesh]), int(model.mesh_facenum[mesh])
    span = slice(adr, adr + faces)
    face = stand_in[model.mesh_face[span]]
    kept = np.flatnonzero(
        (face[:, 0] != face[:, 1]) & (face[:, 1] != face[:, 2]) & (face[:, 0] != face[:, 2])
    )
    target = slice(adr, adr + len(kept))
    # Normals and texture coordinates stay those of the corner that was there before.
    model.mesh_facenormal[target] = model.mesh_facenormal[span][kept]
    model.mesh_facetexcoord[target] = model.mesh_facetexcoord[span][kept]
    model.mesh_face[target] = face[kept]
    model.mesh_facenum[mesh] = len(kept)
