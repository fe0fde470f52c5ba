"""Training through transformers' Trainer, made exact where it matters here.

- Which samples a step sees depends on the seed and the step alone, so a run that goes on from a
  checkpoint sees what an uninterrupted one would have seen.
- The loss of a step is the mean over all answer tokens of its batches, however they are cut.
- Every checkpoint holds the weights as safetensors with the processor beside them. What the Trainer
  keeps for going on (optimizer, schedule, random state) is read by torch's weights-only reader.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ...configs import ConfigError, ModelError
from ..load import quiet
from . import checkpoint
from .conversation import IGNORED
from .recipe import Recipe

Entry = Mapping[str, float]
"""One line of the log: `step`, `epoch`, `seconds`, and `loss` with `learning_rate` and `grad_norm`,
or `eval_loss`."""


class Samples(Protocol):
    """What is trained on: by position, samples as `collate.Collator` takes them."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def __getitem__(self, index: int, /) -> Mapping[str, Any]:
        """One of them."""
        ...


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a run came to."""

    step: int
    """Steps behind it, those before a resumption included."""
    seconds: float
    """Of this process."""
    log: tuple[Entry, ...]
    """Of all steps, those before a resumption included."""
    stopped: bool
    """True if the caller stopped it before its end; a checkpoint was written."""


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What the caller wants to be told, and may ask for."""

    report: Callable[[Entry], None] = lambda entry: None
    """Called with every line of the log."""
    progress: Callable[[int, int], None] = lambda step, total: None
    """Called after every step."""
    stop: Callable[[], bool] = lambda: False
    """Asked after every step; True writes a checkpoint and ends."""


def precision(recipe: Recipe, device: Any) -> str:
    """`bfloat16` or `float32`: what the arithmetic is in.

    Raises:
        ConfigError: if bfloat16 is asked for on a GPU that lacks it.
    """
    import torch

    able = device.type == "cuda" and torch.cuda.is_bf16_supported()
    if recipe.precision == "bfloat16" and device.type == "cuda" and not able:
        raise ConfigError("this GPU has no bfloat16: set precision=float32")
    if recipe.precision == "auto":
        return "bfloat16" if able else "float32"
    return recipe.precision


def train(
    model: Any,
    samples: Samples,
    collator: Callable[[Any], Mapping[str, Any]],
    recipe: Recipe,
    *,
    base: Path,
    out: Path,
    lengths: Sequence[int],
    held_out: Samples | None = None,
    resume: Path | None = None,
    hooks: Hooks | None = None,
) -> Trained:
    """Train a model in place.

    Args:
        model: as `adapter.prepared` made it.
        samples: to learn from.
        collator: makes batches.
        recipe: how.
        base: folder of the checkpoint the model came from; its processor goes beside checkpoints.
        out: folder of `checkpoint-N`.
        lengths: tokens of each sample: batches are made of samples of like length.
        held_out: measured every `eval_steps` and at the end.
        resume: a `checkpoint-N` to go on from.
        hooks: what the caller is told.

    Raises:
        ConfigError: if there are no samples, or the checkpoint does not fit.
        ModelError: if the loss is not finite, or memory runs out.
    """
    import torch

    if not len(samples) or len(lengths) != len(samples):
        raise ConfigError(
            f"{len(samples)} samples with {len(lengths)} lengths cannot be trained on"
        )
    hooks = hooks or Hooks()
    device = next(model.parameters()).device
    began = time.monotonic()
    with quiet():
        trainer = _trainer(model, samples, collator, recipe, base, out, lengths, held_out, hooks)
        watcher = _watching(trainer, hooks, began)
        try:
            trainer.train(resume_from_checkpoint=str(resume) if resume else None)
            last = [e.get("step") for e in trainer.state.log_history if "eval_loss" in e][-1:]
            if held_out is not None and not watcher.stopped and last != [trainer.state.global_step]:
                trainer.evaluate()
        except torch.cuda.OutOfMemoryError as error:
            raise ModelError(
                f"out of GPU memory on {device}: a smaller batch_size with more accumulation, "
                "checkpointing, fewer pixels a picture, or a LoRA preset takes less"
            ) from error
        except (ValueError, KeyError) as error:
            if resume is None:
                raise
            raise ConfigError(f"cannot go on from {resume}: {error}") from error
    return Trained(
        step=trainer.state.global_step,
        seconds=time.monotonic() - began,
        log=tuple(_entry(line, None) for line in trainer.state.log_history if _told(line)),
        stopped=watcher.stopped,
    )


class EpochOrder:
    """The order of samples: shuffled by seed and epoch, neighbours of like length.

    Args:
        lengths: tokens of each sample.
        batch: samples that are padded together.
        seed: of all orders.
    """

    def __init__(self, lengths: Sequence[int], batch: int, seed: int) -> None:
        self._lengths, self._batch, self._seed = np.asarray(lengths), batch, seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """The next iteration is of this epoch."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        random = np.random.default_rng([self._seed, self._epoch])
        order = random.permutation(len(self._lengths))
        # Sorted within pools of 50 batches, then the batches shuffled: the usual compromise.
        pool = 50 * self._batch
        batches: list[np.ndarray] = []
        for start in range(0, len(order), pool):
            some = order[start : start + pool]
            some = some[np.argsort(-self._lengths[some], kind="stable")]
            batches += [some[i : i + self._batch] for i in range(0, len(some), self._batch)]
        # A short batch stays last, for the loader cuts the row of samples by number.
        short = [b for b in batches if len(b) < self._batch]
        whole = [b for b in batches if len(b) == self._batch]
        for index in random.permutation(len(whole)):
            yield from (int(i) for i in whole[index])
        for batch in short:
            yield from (int(i) for i in batch)


def _trainer(
    model: Any,
    samples: Samples,
    collator: Any,
    recipe: Recipe,
    base: Path,
    out: Path,
    lengths: Sequence[int],
    held_out: Samples | None,
    hooks: Hooks,
) -> Any:
    from transformers import Trainer

    class OurTrainer(Trainer):
        """The Trainer with our order of samples, and our files."""

        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            return EpochOrder(lengths, recipe.batch_size, recipe.seed)

        def compute_loss(
            self,
            model: Any,
            inputs: Any,
            return_outputs: bool = False,
            num_items_in_batch: Any = None,
        ) -> Any:
            return super().compute_loss(
                model, _where_learned(inputs), return_outputs, num_items_in_batch
            )

        def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
            checkpoint.save(self.model, base, Path(output_dir or str(out)))

    return OurTrainer(
        model=model,
        args=_arguments(model, recipe, out, held_out is not None),
        train_dataset=samples,  # type: ignore[arg-type]
        eval_dataset=held_out,  # type: ignore[arg-type]
        data_collator=collator,
        compute_loss_func=answer_loss,
    )


def _arguments(model: Any, recipe: Recipe, out: Path, evaluates: bool) -> Any:
    from transformers import TrainingArguments

    device = next(model.parameters()).device
    made = TrainingArguments(
        output_dir=str(out),
        per_device_train_batch_size=recipe.batch_size,
        per_device_eval_batch_size=recipe.batch_size,
        gradient_accumulation_steps=recipe.accumulation,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.schedule,
        warmup_steps=recipe.warmup_steps,
        weight_decay=recipe.weight_decay,
        adam_beta2=recipe.beta2,
        max_grad_norm=recipe.clip,
        num_train_epochs=recipe.epochs,
        max_steps=recipe.max_steps or -1,
        save_strategy="steps",
        save_steps=recipe.save_steps,
        save_total_limit=recipe.keep,
        eval_strategy="steps" if evaluates else "no",
        eval_steps=recipe.eval_steps if evaluates else None,
        prediction_loss_only=True,
        logging_strategy="steps",
        logging_steps=recipe.log_steps,
        logging_first_step=True,
        logging_nan_inf_filter=False,
        seed=recipe.seed,
        data_seed=recipe.seed,
        bf16=precision(recipe, device) == "bfloat16",
        use_cpu=device.type == "cpu",
        gradient_checkpointing=recipe.checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False} if recipe.checkpointing else None,
        dataloader_num_workers=recipe.workers,
        dataloader_pin_memory=device.type == "cuda",
        remove_unused_columns=False,
        disable_tqdm=True,
        report_to="none",
    )
    if made.n_gpu > 1:
        # Positions are (3, B, L): splitting them over threads would cut the wrong axis. Several
        # GPUs want a process each (torchrun).
        made._n_gpu = 1
    return made


def answer_loss(outputs: Any, labels: Any, num_items_in_batch: Any = None, **_: Any) -> Any:
    """Cross-entropy of the next token, over the tokens that are learned.

    Args:
        outputs: of the model, `logits` (B, L, vocabulary).
        labels: (B, L), `IGNORED` where nothing is learned.
        num_items_in_batch: answer tokens of all batches of the step; None: of this batch.
    """
    import torch

    wanted = labels[:, 1:]
    learned = wanted != IGNORED
    logits = outputs["logits"][:, :-1][learned].float()
    total = torch.nn.functional.cross_entropy(logits, wanted[learned], reduction="sum")
    return total / (learned.sum() if num_items_in_batch is None else num_items_in_batch)


def _where_learned(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Ask the model for logits from the first answer on: they are most of a large one's memory."""
    import torch

    labels = inputs["labels"]
    learned = (labels != IGNORED).any(dim=0).nonzero()
    first = max(0, int(learned[0]) - 1) if len(learned) else 0
    kept = torch.arange(first, labels.shape[1], device=labels.device)
    return {**inputs, "labels": labels[:, first:], "logits_to_keep": kept}


def _watching(trainer: Any, hooks: Hooks, began: float) -> Any:
    """Tell the caller how the training goes; refuse numbers that are not finite."""
    from transformers import PrinterCallback, TrainerCallback

    class Watcher(TrainerCallback):
        stopped = False

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            line = {**(logs or {}), "step": state.global_step}
            if not _told(line):
                return
            entry = _entry(line, time.monotonic() - began)
            hooks.report(entry)
            loss = entry.get("loss", entry.get("eval_loss", 0.0))
            if not math.isfinite(loss):
                raise ModelError(
                    f"the loss is {loss} at step {state.global_step}: lower learning_rate, or set "
                    "precision=float32; checkpoints before it are kept"
                )

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            hooks.progress(state.global_step, state.max_steps)
            if hooks.stop() and state.global_step < state.max_steps:
                self.stopped = True
                control.should_save = control.should_training_stop = True

    watcher = Watcher()
    trainer.remove_callback(PrinterCallback)  # it prints to stdout
    trainer.add_callback(watcher)
    return watcher


def _told(line: Mapping[str, Any]) -> bool:
    return "loss" in line or "eval_loss" in line


def _entry(line: Mapping[str, Any], seconds: float | None) -> Entry:
    names = ("step", "epoch", "loss", "eval_loss", "learning_rate", "grad_norm")
    entry = {name: float(line[name]) for name in names if name in line}
    return entry if seconds is None else {**entry, "seconds": seconds}
