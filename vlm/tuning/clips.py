"""A question about a clip with its right answer, as the model is trained on it.

Prompt and pixels are made by the code that scores answers about clips (`vlm.prompt`,
`vlm.pixels`): what is learned is, token by token, what `vlm.scorer` asks for. Only the answer's
tokens are learned.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...configs import ConfigError
from ..load import LoadedModel
from ..pixels import Pixels, patches, resized
from ..prompt import ClipLayout, PromptBuilder
from .conversation import IGNORED


class ClipEncoder:
    """Makes samples for `collate.Collator` out of clips, for one model.

    Args:
        loaded: the model.
        layout: how clips are shown to it.
    """

    def __init__(self, loaded: LoadedModel, layout: ClipLayout) -> None:
        self.layout = layout
        self.prompts = PromptBuilder(loaded, layout)
        self._vision = loaded.model.config.vision_config

    def tokens(self, text: str, answers: Sequence[str], right: int) -> dict[str, Any]:
        """Ids, labels and positions, without the clip.

        Args:
            text: the user's turn behind the clip.
            answers: all there are to choose from.
            right: the index of the right one.

        Returns:
            `input_ids` and `labels` (L,), `position_ids` (3, L), int64.

        Raises:
            ConfigError: for an answer without tokens of its own.
        """
        prefix = self.prompts.prefix()
        question = self.prompts.question(text, tuple(answers))
        behind = np.asarray([*question.tail, *question.answers[right]], np.int64)
        ids = np.concatenate([prefix.ids, behind])
        labels = np.full_like(ids, IGNORED)
        begin = len(ids) - len(question.answers[right])
        labels[begin:] = ids[begin:]
        after = prefix.next_position + np.arange(len(behind))
        positions = np.concatenate([prefix.positions, np.tile(after, (3, 1))], axis=1)
        return {"input_ids": ids, "labels": labels, "position_ids": positions}

    def pixels(self, clip: Pixels) -> dict[str, Any]:
        """The clip as the vision tower reads it.

        Args:
            clip: (layout.frames, H, W, 3) uint8.

        Returns:
            `pixel_values_videos` (patches, channels * time * side * side) float32 and
            `video_grid_thw` (1, 3).

        Raises:
            ConfigError: for a clip of another length.
        """
        import torch

        if len(clip) != self.layout.frames:
            raise ConfigError(f"a clip of {len(clip)} frames; {self.layout.frames} are wanted")
        fitted = np.ascontiguousarray(resized(clip, self.layout.size))
        side = self.layout.size // int(self._vision.patch_size)
        pairs = torch.from_numpy(fitted).view(-1, 2, *fitted.shape[1:])
        return {
            "pixel_values_videos": patches(pairs, self._vision, torch.float32),
            "video_grid_thw": np.array([[self.layout.pairs, side, side]], np.int64),
        }
