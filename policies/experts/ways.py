"""The way of the base to one place, from wherever it is: where to drive next.

A field of distances over the floor's grid (Dijkstra's), in which places close to things cost more.
From anywhere the path goes down that field, and the next stop is the last place of it that can be
reached straight ahead. It is a spot on the floor that can be looked at, so a policy can learn to
see it.
"""

import numpy as np
import numpy.typing as npt

from ...envs.truth import Vec3
from .floor import CELL_M, Floor

LEAST_M = 0.20
"""Nearer to things than this the arm mount never passes, but at the goal [m]."""
SHY_M, SHYNESS = 0.50, 8.0
"""Nearer than this a way costs more, at most so many times as much again."""
STRAIGHT_M = 0.36
"""Room to both sides of a straight way: the base's front corners are 0.29 from the mount [m]."""
START_M, GOAL_M = 0.15, 0.35
"""So near to its start, and to the goal, a straight way needs no room: a base stands close to a
counter [m]."""

NEXT = 4
"""Cells along the path to the next stop where nothing is straight ahead."""

Floats = npt.NDArray[np.floating]


class Ways:
    """Ways to one place.

    Args:
        floor: what is free.
        goal: world x and y of the arm mount [m].
    """

    def __init__(self, floor: Floor, goal: Vec3) -> None:
        from scipy.ndimage import distance_transform_edt
        from scipy.sparse.csgraph import dijkstra

        self._origin, taken = floor.grid
        self._goal = np.array(goal[:2], np.float64)
        self._clear = CELL_M * np.asarray(distance_transform_edt(~taken))
        near = np.linalg.norm(self._middles() - self._goal, axis=-1) < GOAL_M
        self._open = ((self._clear >= LEAST_M) | (near & ~taken)) & floor.inside
        shy = np.clip(1 - self._clear / SHY_M, 0.0, 1.0)
        graph = _graph(self._open, 1 + SHYNESS * shy**2)
        self._far, self._next = dijkstra(
            graph, indices=self._number(self._goal), return_predecessors=True
        )

    def left(self, place: Vec3) -> float:
        """How much of the way is left, longer where it is narrow [m]; infinite if there is none."""
        return float(self._far[self._number(place[:2])])

    def stop(self, place: Vec3) -> Vec3:
        """(3,) where to drive straight from a place, on the way; the goal where that is all.

        Where there is no way it is the goal.

        Args:
            place: world x and y of the arm mount [m].
        """
        path = self._path(place)
        straight = [self._straight(np.array(place[:2], np.float64), spot) for spot in path]
        last = max((i for i, free in enumerate(straight) if free), default=min(NEXT, len(path) - 1))
        return np.array([*path[last], 0.0])

    def open_places(self, room_m: float) -> Floats:
        """(N, 2) places from which there is a way, with so much room around the arm mount [m]."""
        reached = np.isfinite(self._far).reshape(self._clear.shape) & (self._clear >= room_m)
        return self._middles()[reached]

    def _path(self, place: Vec3) -> Floats:
        """(N, 2) from a place to the goal, which is the last."""
        cell, cells = self._number(place[:2]), list[int]()
        while self._next[cell] >= 0:
            cell = int(self._next[cell])
            cells.append(cell)
        middles = self._middles().reshape(-1, 2)[cells[:-1]]
        return np.concatenate([middles, self._goal[None]])

    def _straight(self, start: Floats, end: Floats) -> bool:
        """True if the base can drive ahead from one place to the other."""
        far = float(np.linalg.norm(end - start))
        spots = start + np.linspace(0, 1, 2 + int(far / CELL_M))[:, None] * (end - start)
        inside = np.linalg.norm(spots - start, axis=1) > START_M
        inside &= np.linalg.norm(spots - self._goal, axis=1) > GOAL_M
        i, j = self._cells(spots[inside]).T
        return bool((self._clear[i, j] >= STRAIGHT_M).all())

    def _middles(self) -> Floats:
        """(columns, rows, 2) of the cells [m]."""
        shape = self._clear.shape
        i, j = np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij")
        return self._origin + (np.stack([i, j], -1) + 0.5) * CELL_M

    def _cells(self, spots: Floats) -> npt.NDArray[np.int64]:
        """(.., 2) of the cells of spots, at the edge for those beyond it."""
        at = np.floor((spots - self._origin) / CELL_M).astype(int)
        return np.clip(at, 0, np.array(self._clear.shape) - 1)

    def _number(self, spot: Floats) -> int:
        """Of the open cell nearest to a spot, row by row."""
        i, j = self._cells(np.asarray(spot, np.float64))
        if not self._open[i, j]:
            away = np.linalg.norm(self._middles() - spot, axis=-1)
            i, j = np.unravel_index(np.where(self._open, away, np.inf).argmin(), away.shape)
        return int(i) * self._clear.shape[1] + int(j)


def _graph(free: npt.NDArray[np.bool_], cost: Floats) -> object:
    """The grid's cells and their eight neighbours; a step costs its way times both ends' mean."""
    from scipy.sparse import coo_matrix

    wide, deep = free.shape
    number = np.arange(wide * deep).reshape(wide, deep)
    rows, columns, ways = list[Floats](), list[Floats](), list[Floats]()
    for a, b in ((1, 0), (0, 1), (1, 1), (1, -1)):
        here = (slice(0, wide - a), slice(max(0, -b), deep - max(0, b)))
        there = (slice(a, wide), slice(max(0, b), deep - max(0, -b)))
        both = free[here] & free[there]
        way = CELL_M * float(np.hypot(a, b)) * (cost[here] + cost[there])[both] / 2
        rows += [number[here][both], number[there][both]]
        columns += [number[there][both], number[here][both]]
        ways += [way, way]
    pairs = (np.concatenate(rows), np.concatenate(columns))
    return coo_matrix((np.concatenate(ways), pairs), (number.size, number.size)).tocsr()
