"""Where the base can stand and how it gets there: a grid of the floor, searched with headings.

The base is a box that goes any way and turns about the arm mount near its front. What stands in its
way is every collider between floor and arm mount, doors that stand open included.
"""

import heapq
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ...envs.truth import Box, Vec3

Cells = npt.NDArray[np.bool_]
Node = tuple[int, int, int]
"""(column along x, row along y, heading)."""

CELL_M = 0.05
HEADINGS = 16
FOOT_M = (-0.55, 0.15, 0.25)
"""Rear end, front end and half width of the base, from the arm mount [m]
(`mobilebase0_pedestal_feet_col`)."""
BAND_M = (0.03, 0.95)
"""Heights between which a collider stands in the way [m]."""
MARGIN_M = 0.03
STRAIGHT_MARGIN_M = 0.06
"""Room a straight drive needs; the base does not turn quite evenly on the way."""
AROUND_M = 0.8
"""How far beyond the outermost collider the grid goes [m]."""
TURN_COST_M = 0.15
"""What a turn by one heading costs, as a way [m]."""


@dataclass(frozen=True, kw_only=True)
class Stop:
    """A place of the arm mount with a heading."""

    place: Vec3
    """World; z is 0 [m]."""
    heading: float
    """Yaw of the base [rad]."""


class Floor:
    """The free floor of this moment.

    Args:
        obstacles: the colliders in the way, `BAND_M` already considered.
    """

    def __init__(self, obstacles: list[Box]) -> None:
        corners = np.concatenate([box.corners()[:, :2] for box in obstacles])
        self._origin = corners.min(axis=0) - AROUND_M
        size = np.ceil((corners.max(axis=0) + AROUND_M - self._origin) / CELL_M).astype(int)
        self._taken = np.zeros((int(size[0]), int(size[1])), np.bool_)
        for box in obstacles:
            self._mark(box)
        self._blocked: dict[int, Cells] = {}

    @property
    def grid(self) -> tuple[npt.NDArray[np.float64], Cells]:
        """World x and y of the grid's corner [m], and the cells that something stands in."""
        return self._origin, self._taken

    @property
    def inside(self) -> Cells:
        """The grid's cells that are not beyond the outermost collider."""
        found = np.zeros(self._taken.shape, np.bool_)
        edge = round(AROUND_M / CELL_M)
        found[edge:-edge, edge:-edge] = True
        return found

    def free(self, place: Vec3, heading: float, margin: float = 0.0) -> bool:
        """True if the base fits at a place with a heading.

        Args:
            place: of the arm mount, world [m].
            heading: yaw [rad].
            margin: room asked for all around [m].
        """
        points = _footprint(heading, margin) + place[:2]
        cells = np.floor((points - self._origin) / CELL_M).astype(int)
        inside = np.all((cells >= 0) & (cells < self._taken.shape), axis=1)
        return bool(inside.all()) and not self._taken[cells[:, 0], cells[:, 1]].any()

    def path(self, start: Stop, goal: Stop) -> list[Stop]:
        """Stops from `start` to `goal`, the goal last and the start left out.

        Where start or goal touch something, as a base close to a counter may, the search begins or
        ends at the nearest free place. Without any way the path is the goal alone.
        """
        if self._straight(start, goal):
            return [goal]
        stops = [self._stop(node) for node in _corners(self._nodes(start, goal))]
        return [*stops[1:-1], goal]

    def leads(self, start: Stop, goal: Stop) -> bool:
        """True if there is a way from `start` to `goal`, or to a free place next to it."""
        return self._straight(start, goal) or bool(self._nodes(start, goal))

    # inside ------------------------------------------------------------------------------------

    def _nodes(self, start: Stop, goal: Stop) -> list[Node]:
        """The way between the free places next to both; empty if there is none."""
        first, last = self._nearest_free(start), self._nearest_free(goal)
        return self._search(first, last) if first and last else []

    def _straight(self, start: Stop, goal: Stop) -> bool:
        """True if the base can move and turn evenly from one to the other."""
        turn = (goal.heading - start.heading + np.pi) % (2 * np.pi) - np.pi
        way = goal.place - start.place
        count = 2 + int(np.linalg.norm(way[:2]) / CELL_M + abs(turn) / 0.2)
        return all(
            self.free(start.place + share * way, start.heading + share * turn, STRAIGHT_MARGIN_M)
            for share in np.linspace(0.0, 1.0, count)
        )

    def _mark(self, box: Box) -> None:
        low, high = box.corners()[:, :2].min(axis=0), box.corners()[:, :2].max(axis=0)
        i0, j0 = np.floor((low - self._origin) / CELL_M).astype(int)
        i1, j1 = np.floor((high - self._origin) / CELL_M).astype(int)
        i, j = np.meshgrid(np.arange(i0, i1 + 1), np.arange(j0, j1 + 1), indexing="ij")
        centers = self._origin + (np.stack([i, j], axis=-1) + 0.5) * CELL_M
        if abs(box.rot[2, 2]) > 0.99:
            local = (centers - box.center[:2]) @ box.rot[:2, :2]
            hit = np.all(np.abs(local) <= box.half[:2] + CELL_M / 4, axis=-1)
        else:
            hit = np.ones(i.shape, np.bool_)
        self._taken[i0 : i1 + 1, j0 : j1 + 1] |= hit

    def _swollen(self, heading: float) -> Cells:
        """Cells where the arm mount cannot be with this heading."""
        from scipy.ndimage import binary_dilation

        cells = np.unique(np.round(_footprint(heading, MARGIN_M) / CELL_M).astype(int), axis=0)
        reach = int(np.abs(cells).max())
        kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.bool_)
        kernel[reach - cells[:, 0], reach - cells[:, 1]] = True
        return binary_dilation(self._taken, kernel, border_value=1)

    def _node(self, stop: Stop) -> Node:
        i, j = np.floor((stop.place[:2] - self._origin) / CELL_M).astype(int)
        return int(i), int(j), round(stop.heading / (2 * np.pi) * HEADINGS) % HEADINGS

    def _stop(self, node: Node) -> Stop:
        xy = self._origin + (np.array(node[:2]) + 0.5) * CELL_M
        return Stop(place=np.array([*xy, 0.0]), heading=2 * np.pi * node[2] / HEADINGS)

    def _open(self, i: int, j: int, h: int) -> bool:
        wide, deep = self._taken.shape
        if h not in self._blocked:
            self._blocked[h] = self._swollen(2 * np.pi * h / HEADINGS)
        return 0 <= i < wide and 0 <= j < deep and not self._blocked[h][i, j]

    def _nearest_free(self, stop: Stop) -> Node | None:
        i, j, h = self._node(stop)
        reach = range(-8, 9)
        near = sorted(
            (
                (a * a + b * b) ** 0.5 * CELL_M + TURN_COST_M * abs(c),
                (i + a, j + b, (h + c) % HEADINGS),
            )
            for a in reach
            for b in reach
            for c in (-1, 0, 1)
        )
        return next((node for _, node in near if self._open(*node)), None)

    def _search(self, first: Node, last: Node) -> list[Node]:
        """A* over place and heading."""
        queue = [(0.0, first)]
        cost, before = {first: 0.0}, dict[Node, Node]()
        done: set[Node] = set()
        while queue:
            _, node = heapq.heappop(queue)
            if node == last:
                return _trace(before, last)
            if node in done:
                continue
            done.add(node)
            for there, way in self._neighbours(node):
                total = cost[node] + way
                if total < cost.get(there, np.inf):
                    cost[there], before[there] = total, node
                    heapq.heappush(queue, (total + _least(there, last), there))
        return []

    def _neighbours(self, node: Node) -> list[tuple[Node, float]]:
        i, j, h = node
        steps = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b]
        moves = [((i + a, j + b, h), (a * a + b * b) ** 0.5 * CELL_M) for a, b in steps]
        turns = [((i, j, (h + c) % HEADINGS), TURN_COST_M) for c in (-1, 1)]
        return [(there, way) for there, way in [*moves, *turns] if self._open(*there)]


@lru_cache(maxsize=512)
def _footprint(heading: float, margin: float) -> npt.NDArray[np.float64]:
    """(N, 2) points of the base's box about the arm mount [m]."""
    rear, front, half = FOOT_M
    x = np.arange(rear - margin, front + margin + 1e-6, CELL_M / 2)
    y = np.arange(-half - margin, half + margin + 1e-6, CELL_M / 2)
    grid = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
    cos, sin = np.cos(heading), np.sin(heading)
    return grid @ np.array([[cos, sin], [-sin, cos]])


def _least(node: Node, last: Node) -> float:
    turned = abs(node[2] - last[2])
    way = ((node[0] - last[0]) ** 2 + (node[1] - last[1]) ** 2) ** 0.5 * CELL_M
    return way + TURN_COST_M * min(turned, HEADINGS - turned)


def _trace(before: dict[Node, Node], last: Node) -> list[Node]:
    nodes = [last]
    while nodes[-1] in before:
        nodes.append(before[nodes[-1]])
    return nodes[::-1]


def _corners(nodes: list[Node]) -> list[Node]:
    """The nodes where the way changes its direction, ends included."""
    kept = nodes[:1]
    for before, node, after in zip(nodes, nodes[1:], nodes[2:], strict=False):
        if tuple(np.subtract(node, before)) != tuple(np.subtract(after, node)):
            kept.append(node)
    return [*kept, *nodes[-1:]] if len(nodes) > 1 else kept
