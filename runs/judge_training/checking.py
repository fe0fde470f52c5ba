"""Measuring a judge while it is trained, by the judge's own rule over both views."""

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ...envs.sensors import View
from ...judges import nll
from ...judges.qwen3vl import Qwen3VLJudge
from ...vlm.load import LoadedModel
from .. import judge_results
from ..judge_setup import ordered
from ..judge_store import Measured
from ..manifest import Row
from .frames import FrameStore

BATCH = 4
JUDGE_OPTIONS = ("frames", "size", "fps", "outer_vision_tokens", "prompt", "answer_suffix")
"""Options of the judge that say what it is shown and asked."""


class QuickCheck:
    """Judges some clips with a model that is in training, and leaves it as it was.

    Args:
        loaded: the model as it was loaded, before factors were put in.
        rows: clips it has not seen; all views a row has are used.
        options: of the judge.
        precision: of the arithmetic, as in training.
        store: where clips are read.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        rows: Sequence[Row],
        options: Mapping[str, Any],
        precision: str,
        store: FrameStore,
    ) -> None:
        self._loaded, self._rows, self._precision = loaded, list(rows), precision
        self._store = store
        self._options = {key: options[key] for key in JUDGE_OPTIONS if key in options}

    def __call__(self, model: Any) -> dict[str, Any]:
        """Accuracies of every rule that the rows' views allow, the card's best one first.

        Args:
            model: in training mode, with or without LoRA factors.

        Returns:
            `method`, `clips`, `accuracy`, `complete`, `not_complete`, and `phases` with theirs.
        """
        import torch

        bare = model.get_base_model() if hasattr(model, "peft_config") else model
        # Preparing a 4-bit model for training widens what is not quantised.
        dtype = bare.get_input_embeddings().weight.dtype
        live = dataclasses.replace(self._loaded, model=bare, dtype=dtype)
        mixed = (
            torch.autocast(self._loaded.device.type, torch.bfloat16)
            if self._precision == "bfloat16"
            else contextlib.nullcontext()
        )
        model.eval()
        try:
            # A judge of its own each time: features that it keeps are those of these weights.
            with mixed:
                measured = self._measured(Qwen3VLJudge(live, **self._options))
        finally:
            model.train()
        methods = [nll.METHODS[name] for name in judge_results.TITLES]
        results = judge_results.evaluate(self._rows, measured, methods, 0.02)
        best = judge_results.primary(results)
        return {
            "method": best.method.name,
            "clips": len(best.margin),
            "accuracy": best.accuracy.overall.value,
            "complete": best.accuracy.complete.value,
            "not_complete": best.accuracy.not_complete.value,
            "phases": {name: a.overall.value for name, a in best.phases.items()},
        }

    def _measured(self, judge: Qwen3VLJudge) -> dict[str, Measured]:
        found: dict[str, Measured] = {}
        frames = judge.info.frames
        for start in range(0, len(self._rows), BATCH):
            rows = self._rows[start : start + BATCH]
            items: list[tuple[Mapping[View, Any], str]] = []
            for row in rows:
                clips: dict[View, Any] = {
                    v: self._store.clip(p, frames, row.span) for v, p in row.clips.items()
                }
                items.append((clips, row.instruction))
            for row, answers in zip(rows, judge.measure_batch(items), strict=True):
                found[row.id] = Measured(key=row.id, frames=frames, likelihoods=ordered(answers))
        return found
