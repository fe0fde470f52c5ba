"""The embedded policy: sensors and a subtask in words in, actions out; nothing privileged."""

from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...configs import ConfigError, PolicyError
from ...envs.sensors import Sensors, View
from ...sight.pictures import fitted
from ...sight.words import buckets
from ..base import Actions, PolicyInfo
from . import checkpoint, geometry
from .manner import manner_of
from .tracker import Tracker
from .watcher import watcher_of

VIEWS: tuple[View, ...] = ("right", "left", "hand")
SHIPPED = Path(__file__).parent / "weights"
"""The policy that is part of this project; its README is the model card."""
PATIENCE = 40
"""Steps without a picture after which there will be none."""
LITTLE_ROOM_M, MUCH_ROOM_M = 0.12, 1.0
"""What there is above a part under a wall cabinet, and where there is none."""
FAR_SHARE = 0.12
"""How unsure a point may be that is driven to, as a share of its distance."""
ARRIVED_M, ARRIVED_RAD = 0.08, 0.1
"""Within these of where it is to stand, the base stands still."""
FROM_M, NEAR_M = 1.0, 0.6
"""Who has come from farther than the one to within the other looks no more where to stand."""
AWAY_STEPS = 40
"""A third of a full turn, in search of something."""
DRAW_SPEED, CREEPS = 0.35, 0.08
"""Of a base that draws a drawer or pushes it, as shares of the largest: what the expert has
(policies/experts/drawers.py), and what is none."""
UNSURE_M = (0.34, 0.78)
"""What is said between yes and no, as at a cabinet's edge: the middle half of the way."""


class EmbeddedPolicy:
    """Looks every few steps, keeps in mind where the points of its subtask are, and leads the hand.

    Args:
        path: a folder of `leapcasa policy train`; without one, the weights that ship.
        look_every: steps between two looks at the pictures.
        execute: steps of a chunk that are carried out, at most the network's chunk.
        device: `cpu` or `cuda`.
        threads: of torch on a CPU, for the whole process; None leaves them alone.

    Raises:
        ConfigError: if there is no such policy or device.
    """

    def __init__(
        self,
        path: str = "",
        look_every: int = 4,
        execute: int = 2,
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        import torch

        if device != "cpu" and not torch.cuda.is_available():
            raise ConfigError(f"policy.options.device is {device!r}, and there is no GPU; use cpu")
        if threads is not None:
            torch.set_num_threads(int(threads))
        self._path = Path(path).expanduser() if path else SHIPPED
        self._members, self._device = checkpoint.load_all(self._path), device
        for member in self._members.every:
            member.network.to(device)
        chunk = min(member.network.config.chunk for member in self._members.every)
        if not 1 <= execute <= chunk:
            raise ConfigError(
                f"policy.options.execute is {execute}; give 1 .. {chunk}, the network's chunk"
            )
        if look_every < 1:
            raise ConfigError(f"policy.options.look_every is {look_every}; give 1 or more")
        self._execute, self._look_every = execute, look_every
        self._digest = checkpoint.digest(self._path)[:12]
        self._cramped = False  # how the first attempt took the room above the part
        self._text = ""
        self._begin("")

    @property
    def info(self) -> PolicyInfo:
        """Unprivileged; looks at all three views."""
        settings = {
            "weights": self._digest,
            "execute": str(self._execute),
            "look_every": str(self._look_every),
        }
        return PolicyInfo(name="embedded", privileged=False, views=VIEWS, settings=settings)

    def reset(self, instruction: str, seed: int) -> None:
        """Begin a subtask: forget what was seen. The policy has no randomness.

        The same subtask again is a retry. It doubts what was believed of the room above the part,
        the likeliest reason for a failure, and of the side to begin with.
        """
        del seed
        again = self._attempt + 1 if instruction == self._text and self._looks else 0
        self._begin(instruction)
        self._attempt = again

    def act(self, sensors: Sensors, instruction: str) -> Actions:
        """(1, 12) float32; has to be asked at every step.

        Raises:
            PolicyError: if a view is missing, or the network says what is no number.
        """
        if instruction != self._text:
            self._begin(instruction)
        if sensors.step == 0:  # another episode, not a retry
            self._attempt = 0
        felt = sensors.proprioception.vector()
        due = self._looks == 0 or self._unseen >= self._look_every
        # An environment may draw at some steps only: then the next picture is waited for.
        if due and (sensors.images or self._unseen >= PATIENCE):
            self._look(sensors, felt)
        self._unseen += 1
        return self._moved(felt)

    def _moved(self, felt: npt.NDArray[np.float32]) -> Actions:
        """(1, 12) the next action of the chunk in hand, or of a new one."""
        self._felt.append(felt)
        if self._looks == 0:
            return geometry.still(felt)[None]
        if self._leading is None or self._since >= self._execute:
            self._leading, self._since = self._lead(felt), 0
        action = self._leading.action(felt, self._since)
        if self._watcher is not None:
            action = self._watcher.instead(felt, action, self._points(felt))
            if self._watcher.anew:
                self._forget()
        self._since += 1
        return action[None]

    def _begin(self, instruction: str) -> None:
        self._text = instruction
        member = self._members.of(instruction)
        self._network, self._statistics = member.network, member.statistics
        self._config = member.network.config
        self._words = self._told(buckets(instruction))
        self._felt: deque[npt.NDArray[np.float32]] = deque()
        self._manner = manner_of(instruction)
        self._watcher = watcher_of(self._manner)
        self._shape = member.shape(instruction)
        self._far_share = FAR_SHARE if self._manner.drives else 0.0
        self._forget()
        self._looks = self._unseen = self._since = self._attempt = 0
        self._leading: geometry.Leading | None = None

    def _forget(self) -> None:
        """Begin to look anew; until then nothing is known."""
        self._tracker = Tracker(self._shape, self._far_share)
        self._hints = np.zeros(geometry.HINTS, np.float32)
        self._averaged, self._came = 0, False

    def _look(self, sensors: Sensors, felt: npt.NDArray[np.float32]) -> None:
        import torch

        from ...sight.eyes import read

        outer, hand = self._pictures(sensors)
        with torch.inference_mode():
            sight = self._network.eyes(self._told(outer), self._told(hand), self._words)
            seen = [read(one) for one in (sight.outer[0], sight.hand[0])]
        places, unsure = (
            torch.cat([one[i] for one in seen]).cpu().double().numpy() for i in (0, 1)
        )
        if not np.isfinite(places).all():
            raise PolicyError(f"the policy in {self._path} sees what is no number")
        if not (self._turns_away() or self._comes_in(felt)):
            self._tracker.look(felt, places, unsure)
        self._looks, self._averaged, self._unseen = self._looks + 1, self._averaged + 1, 0
        # The hints are of the beginning and do not change: all looks together know them best.
        self._hints += (sight.hints[0].cpu().numpy() - self._hints) / self._averaged

    def _turns_away(self) -> bool:
        """True while a retry heeds nothing of what is in view where the last attempt ended.

        It was taken for what is to be driven to, or is not seen well from there; so the search
        begins anew, elsewhere.
        """
        return self._manner.goes and self._attempt > 0 and len(self._felt) < AWAY_STEPS

    def _comes_in(self, felt: npt.NDArray[np.float32]) -> bool:
        """True once a drive has come near the place where it ends.

        Where to stand is out of every picture there; from farther off it was seen better, and how
        far the base has driven since is felt.
        """
        away = np.hypot(*self._points(felt)[1, :2]) if self._manner.goes else np.nan
        self._came = self._came or bool(away > FROM_M)
        return self._came and bool(away < NEAR_M)

    def _lead(self, felt: npt.NDArray[np.float32]) -> geometry.Leading:
        import torch

        statistics = self._statistics
        own = (geometry.features(np.stack(self._felt))[-1] - statistics.felt_mean) / (
            statistics.felt_std
        )
        given = (self._points(felt).astype(np.float32), self._believed(),
                 geometry.hand_of(felt), own)  # fmt: skip
        with torch.inference_mode():
            words = self._network.words(self._words)
            said = self._network.control(*(self._told(x) for x in given), words)
        motion = said.motion[0].cpu().numpy() * statistics.motion_std + statistics.motion_mean
        if not np.isfinite(motion).all():
            raise PolicyError(f"the policy in {self._path} predicts what is no number")
        closed, driving = (x[0].cpu().numpy() > 0 for x in (said.closed, said.driving))
        if self._manner.stays:
            driving = np.zeros_like(driving)
        if self._manner.goes:  # who stopped a little beside the place would stay there
            driving = np.full_like(driving, not self._arrived(felt))
        if self._manner.draws:
            _steady(motion, closed & driving)
        return geometry.Leading(felt, motion, closed, driving)

    def _believed(self) -> npt.NDArray[np.float32]:
        """(HINTS,) the hints, made up one's mind about; retries decide other ways in turn.

        The second attempt takes the room above the part the other way than the first took it, the
        third begins at (or stands to) the other side, the fourth does both. Where neither decides
        anything a retry goes on holding what it holds.
        """
        if not self._manner.decides:
            return self._hints.copy()
        hints, (other_side, other_room) = self._hints.copy(), divmod(self._attempt % 4, 2)
        if self._attempt == 0:
            self._cramped = bool(hints[1] < UNSURE_M[1])
        if other_room:
            hints[:2] = MUCH_ROOM_M if self._cramped else LITTLE_ROOM_M
        elif UNSURE_M[0] < hints[1] < UNSURE_M[1]:
            hints[:2] = LITTLE_ROOM_M
        if other_side:
            hints[2] = -hints[2]
        return hints

    def _points(self, felt: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """(POINTS, 3) where the points are, in the frame of the base [m]."""
        return self._tracker.points(felt)

    def _arrived(self, felt: npt.NDArray[np.float32]) -> bool:
        """True if the base stands where it is to drive to and faces what it is to face."""
        spot, place, _ = self._points(felt)
        way = spot - place
        return bool(
            np.hypot(*place[:2]) < ARRIVED_M and abs(np.arctan2(way[1], way[0])) < ARRIVED_RAD
        )

    def _told(self, value: npt.NDArray[Any]) -> Any:
        """An array as a batch of one on the device."""
        import torch

        return torch.from_numpy(np.ascontiguousarray(value))[None].to(self._device)

    def _pictures(self, sensors: Sensors) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """(2, 3, S, S) and (3, H, H) uint8."""
        missing = [view for view in VIEWS if view not in sensors.images]
        if missing:
            raise PolicyError(
                f"policy 'embedded' looks at {', '.join(VIEWS)}, and this run has no "
                f"{', '.join(missing)} view"
            )
        size = self._config.size
        outer = [fitted(sensors.image(view), size) for view in ("right", "left")]
        return np.stack(outer), fitted(sensors.image("hand"), self._config.hand_size)


def _steady(motion: npt.NDArray[np.float32], drawing: npt.NDArray[np.bool_]) -> None:
    """Let a base that draws or pushes go at the speed that was shown, in place.

    As the drawer nears its end the mean of driving on and having done is slower, and does not move
    it any more.

    Args:
        motion: (K, MOTION) a chunk of set points.
        drawing: (K,) where the fingers are closed and the base drives.
    """
    speed = np.linalg.norm(motion[:, 6:8], axis=1)
    slow = drawing & (speed > CREEPS) & (speed < DRAW_SPEED)
    motion[slow, 6:8] *= DRAW_SPEED / speed[slow, None]
