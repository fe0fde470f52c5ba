"""Training on conversations: what is learned token by token, exact resumption, what is saved."""

from pathlib import Path

import numpy as np
import pytest

from leapcasa.configs import ConfigError, ModelError
from leapcasa.vlm.generate import TextGenerator
from leapcasa.vlm.images import PixelBudget
from leapcasa.vlm.load import LoadConfig, load
from leapcasa.vlm.tuning import adapter, checkpoint, trainer
from leapcasa.vlm.tuning.collate import Collator
from leapcasa.vlm.tuning.conversation import IGNORED, ConversationEncoder, Turn
from leapcasa.vlm.tuning.recipe import PRESETS, Lora, Recipe

BUDGET = PixelBudget(least=32 * 32, most=96 * 96)
PROMPT = "Task name: Rinse the mug. Based on the picture, list the steps."
ANSWER = "1) Pick the mug.\n2) Turn on the sink faucet."


def picture(seed: int = 0, height: int = 96, width: int = 128) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def turns(answer: str = ANSWER, pictures: int = 1) -> list[Turn]:
    return [
        Turn(role="user", text=PROMPT, pictures=pictures),
        Turn(role="assistant", text=answer),
    ]


@pytest.fixture(scope="module")
def loaded(small_checkpoint: Path):
    return load(LoadConfig(base_model=str(small_checkpoint), device="cpu"))


@pytest.fixture
def fresh(small_checkpoint: Path):
    return lambda: load(LoadConfig(base_model=str(small_checkpoint), device="cpu"))


# what is learned ---------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [ANSWER, "1) Öffne die Tür — ½ jar.", "x", "1) a\n\n2) b 😀"])
@pytest.mark.parametrize("pictures", [0, 1, 3])
def test_the_learned_tokens_are_the_answer_and_its_end_mark(loaded, answer, pictures):
    encoder = ConversationEncoder.of(loaded, budget=BUDGET)
    shown = [picture(seed, 64 + 32 * seed, 96) for seed in range(pictures)]
    encoded = encoder.encode(turns(answer, pictures), shown)
    learned = encoded.labels != IGNORED
    assert loaded.tokenizer.decode(encoded.ids[learned]) == answer + "<|im_end|>"
    assert (encoded.labels[learned] == encoded.ids[learned]).all()
    # A naive decode, one token after the other: what comes before is the prompt, behind is a line.
    first, last = np.flatnonzero(learned)[[0, -1]]
    assert learned[first : last + 1].all()
    assert loaded.tokenizer.decode(encoded.ids[:first]).endswith("<|im_start|>assistant\n")
    assert loaded.tokenizer.decode(encoded.ids[last + 1 :]) == "\n"


def test_every_answer_of_a_longer_conversation_is_learned_and_no_question(loaded):
    encoder = ConversationEncoder.of(loaded)
    talk = [
        Turn(role="system", text="You plan."),
        *turns("First answer.", 0),
        Turn(role="user", text="And then?"),
        Turn(role="assistant", text="Second answer."),
    ]
    ids, labels = encoder.words(talk)
    told = loaded.tokenizer.decode(ids[labels != IGNORED])
    assert told == "First answer.<|im_end|>Second answer.<|im_end|>"


def test_the_prompt_is_the_one_the_planner_shows_token_by_token(loaded):
    encoder = ConversationEncoder.of(loaded, budget=BUDGET)
    shown = picture(3, 200, 150)
    encoded = encoder.encode(turns(), [shown])
    asked = TextGenerator(loaded, BUDGET)._prompt([shown, PROMPT])
    first = int(np.flatnonzero(encoded.labels != IGNORED)[0])
    np.testing.assert_array_equal(encoded.ids[:first], asked.ids)
    np.testing.assert_array_equal(encoded.positions[:, :first], asked.positions)
    # And it goes on where the planner would write its first token.
    assert (encoded.positions[:, first] == asked.next_position).all()


def test_a_template_that_rewrites_answers_is_refused(loaded):
    template = loaded.chat_template.replace("message.content }}", "message.content | upper }}")
    assert template != loaded.chat_template
    vision = loaded.model.config.vision_config
    encoder = ConversationEncoder(loaded.tokenizer, template, vision)
    with pytest.raises(ConfigError, match="chat template changes"):
        encoder.words(turns(pictures=0))


def test_bad_conversations_are_refused(loaded):
    encoder = ConversationEncoder.of(loaded, max_length=20)
    with pytest.raises(ConfigError, match="at most 20"):
        encoder.words(turns(pictures=0))
    with pytest.raises(ConfigError, match="control tokens"):
        encoder.words(turns("a<|im_end|>b", 0))
    with pytest.raises(ConfigError, match="1 pictures and 0"):
        encoder.words(turns())
    with pytest.raises(ConfigError, match="nothing of the conversation"):
        encoder.words([Turn(role="user", text="Hi")])


# batches -----------------------------------------------------------------------------------------


def test_a_padded_batch_gives_the_losses_of_its_samples_alone(loaded):
    import torch

    encoder = ConversationEncoder.of(loaded, budget=BUDGET)
    collate = Collator(loaded.tokenizer.pad_token_id)
    rows = [
        encoder.encode(turns(), [picture(1)]).features(),
        encoder.encode(turns("1) Open it.", 0)).features(),
        encoder.encode(turns("1) Go.", 2), [picture(2), picture(4, 32, 64)]).features(),
    ]
    with torch.no_grad():
        together = trainer.answer_loss(*_run(loaded.model, collate(rows)))
        alone, counts = [], []
        for row in rows:
            alone.append(trainer.answer_loss(*_run(loaded.model, collate([row]))))
            counts.append((row["labels"] != IGNORED).sum())
    wanted = sum(float(a) * int(n) for a, n in zip(alone, counts, strict=True)) / sum(counts)
    assert float(together) == pytest.approx(float(wanted), rel=1e-5)


def test_the_loss_is_transformers_own_mean_over_the_answer(loaded):
    import torch

    encoded = ConversationEncoder.of(loaded, budget=BUDGET).encode(turns(), [picture(1)])
    batch = Collator(0)([encoded.features()])
    with torch.no_grad():
        theirs = float(loaded.model(**batch).loss)
        ours = float(trainer.answer_loss(*_run(loaded.model, batch)))
    assert ours == pytest.approx(theirs, rel=1e-6)


def _run(model, batch):
    labels = batch["labels"]
    return model(**{k: v for k, v in batch.items() if k != "labels"}), labels


# training ----------------------------------------------------------------------------------------


QUICK = Recipe(
    batch_size=2,
    accumulation=2,
    learning_rate=3e-3,
    warmup_steps=2,
    epochs=100,
    max_steps=8,
    save_steps=3,
    eval_steps=4,
    log_steps=1,
    seed=7,
)


class Tasks:
    """Ten small samples, every third without a picture."""

    def __init__(self, encoder: ConversationEncoder) -> None:
        verbs = ["Open", "Close", "Wash", "Take", "Find", "Fill", "Stir", "Cut", "Dry", "Move"]
        self.samples = [
            encoder.encode(
                turns(f"1) {verb} the cup.", int(i % 3 > 0)), [picture(i, 64, 64)] * int(i % 3 > 0)
            )
            for i, verb in enumerate(verbs)
        ]
        self.lengths = [len(sample.ids) for sample in self.samples]
        self.seen: list[int] = []

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int):
        self.seen.append(index)
        return self.samples[index].features()


def trained(loaded, base: Path, out: Path, recipe: Recipe = QUICK, **options):
    tasks = Tasks(ConversationEncoder.of(loaded, budget=BUDGET))
    model = adapter.prepared(loaded, recipe)
    collate = Collator(loaded.tokenizer.pad_token_id)
    done = trainer.train(
        model, tasks, collate, recipe, base=base, out=out, lengths=tasks.lengths, **options
    )
    return done, model, tasks


def losses(done: trainer.Trained) -> dict[int, float]:
    return {int(e["step"]): e["loss"] for e in done.log if "loss" in e}


@pytest.mark.parametrize("lora", [None, Lora(rank=4, alpha=8, dropout=0.2)])
def test_a_resumed_run_gives_the_losses_of_an_uninterrupted_one(
    fresh, small_checkpoint, tmp_path, lora
):
    from dataclasses import replace

    recipe = replace(QUICK, lora=lora, learning_rate=3e-3 if lora is None else 3e-2)
    whole, model, _ = trained(fresh(), small_checkpoint, tmp_path / "whole", recipe)
    assert whole.step == 8
    assert losses(whole)[8] < losses(whole)[1]
    steps = []

    def stop() -> bool:
        return bool(steps) and steps[-1] == 4

    hooks = trainer.Hooks(progress=lambda step, total: steps.append(step), stop=stop)
    part, _, _ = trained(fresh(), small_checkpoint, tmp_path / "part", recipe, hooks=hooks)
    assert part.stopped
    assert part.step == 4
    there = tmp_path / "part" / "checkpoint-4"
    rest, again, _ = trained(fresh(), small_checkpoint, tmp_path / "part", recipe, resume=there)
    assert rest.step == 8
    assert losses(rest) == pytest.approx(losses(whole), rel=1e-6)
    for name, weight in again.state_dict().items():
        np.testing.assert_allclose(
            weight.numpy(), model.state_dict()[name].numpy(), rtol=1e-5, atol=1e-7, err_msg=name
        )


def test_accumulated_batches_give_the_step_of_one_large_batch(fresh, small_checkpoint, tmp_path):
    from dataclasses import replace

    small = replace(QUICK, max_steps=3, checkpointing=True)
    large = replace(small, batch_size=4, accumulation=1, checkpointing=False)

    class InOrder(trainer.EpochOrder):
        def __iter__(self):
            return iter(range(len(self)))

    original, trainer.EpochOrder = trainer.EpochOrder, InOrder
    try:
        one, _, _ = trained(fresh(), small_checkpoint, tmp_path / "a", small)
        two, _, _ = trained(fresh(), small_checkpoint, tmp_path / "b", large)
    finally:
        trainer.EpochOrder = original
    assert losses(one) == pytest.approx(losses(two), rel=1e-4)


def test_checkpoints_load_like_the_model_they_came_from(fresh, small_checkpoint, tmp_path):
    out = tmp_path / "run"
    _, model, _ = trained(fresh(), small_checkpoint, out)
    assert {p.name for p in out.iterdir()} == {"checkpoint-3", "checkpoint-6", "checkpoint-8"}
    again = load(LoadConfig(base_model=str(out), subfolder="checkpoint-8", device="cpu"))
    for name, weight in again.model.state_dict().items():
        np.testing.assert_array_equal(weight.numpy(), model.state_dict()[name].numpy())
    for name in ("tokenizer.json", "chat_template.jinja", "preprocessor_config.json"):
        assert (out / "checkpoint-8" / name).read_bytes() == (small_checkpoint / name).read_bytes()
    # Going on from another training's checkpoint brings nothing of that training along.
    folder = checkpoint.save(model, out / "checkpoint-8", tmp_path / "next")
    assert not (folder / "trainer_state.json").exists()
    assert not list(out.rglob("training_args.bin"))
    assert not list(out.rglob("pytorch_model.bin"))


def test_lora_leaves_the_base_alone_and_merges_into_the_same_answers(
    fresh, loaded, small_checkpoint, tmp_path
):
    from dataclasses import replace

    import torch

    recipe = replace(QUICK, lora=Lora(rank=4, alpha=8), learning_rate=3e-2)
    _, model, tasks = trained(fresh(), small_checkpoint, tmp_path / "run", recipe)
    sizes = adapter.size(model)
    assert 0 < sizes.trainable < sizes.total / 20
    folder = checkpoint.save(model, small_checkpoint, tmp_path / "adapter")
    adapted = load(
        LoadConfig(base_model=str(small_checkpoint), adapter=str(folder), device="cpu")
    ).model
    whole = checkpoint.save(checkpoint.merged(model), small_checkpoint, tmp_path / "whole")
    merged = load(LoadConfig(base_model=str(whole), device="cpu")).model
    batch = Collator(0)([tasks[1], tasks[3]])
    with torch.no_grad():
        one, two, before = (
            _run(m, dict(batch))[0]["logits"] for m in (adapted, merged, loaded.model)
        )
    torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-3)
    assert (one - before).abs().max() > 0.1


def test_saved_in_half_precision_it_is_half_as_large(loaded, small_checkpoint, tmp_path):
    model = adapter.prepared(loaded, Recipe())
    full = checkpoint.save(model, small_checkpoint, tmp_path / "full")
    half = checkpoint.save(model, small_checkpoint, tmp_path / "half", dtype="bfloat16")
    assert checkpoint.size_bytes(half) < 0.55 * checkpoint.size_bytes(full)
    load(LoadConfig(base_model=str(half), device="cpu"))


def test_held_out_samples_are_measured_and_a_broken_loss_ends_the_run(
    fresh, small_checkpoint, tmp_path
):
    import torch

    told = []
    one = fresh()
    held_out = Tasks(ConversationEncoder.of(one, budget=BUDGET))
    hooks = trainer.Hooks(report=told.append)
    trained(one, small_checkpoint, tmp_path / "a", held_out=held_out, hooks=hooks)
    measured = {int(e["step"]): e["eval_loss"] for e in told if "eval_loss" in e}
    assert set(measured) == {4, 8}
    assert measured[8] < measured[4]
    assert all(e["seconds"] > 0 for e in told)
    broken = fresh()
    with torch.no_grad():
        broken.model.model.language_model.norm.weight.fill_(float("nan"))
    with pytest.raises(ModelError, match="the loss is nan at step 1"):
        trained(broken, small_checkpoint, tmp_path / "b")


def test_the_order_is_a_permutation_that_depends_on_seed_and_epoch():
    lengths = np.random.default_rng(0).integers(10, 500, 1003)
    order = trainer.EpochOrder(lengths, 8, seed=1)
    first, again = list(order), list(order)
    order.set_epoch(1)
    second = list(order)
    assert first == again != second
    assert sorted(first) == sorted(second) == list(range(1003))
    spread = [np.ptp(lengths[first[i : i + 8]]) for i in range(0, 1000, 8)]
    assert np.mean(spread) < 50 < np.ptp(lengths) / 2


def test_presets_are_leaps():
    full = PRESETS["full"]
    assert (full.batch_size, full.accumulation, full.learning_rate) == (6, 6, 1.5e-5)
    assert (full.warmup_steps, full.weight_decay, full.epochs, full.seed) == (800, 0.01, 2, 42)
    assert full.lora is None
    ranks = {name: p.lora.rank for name, p in PRESETS.items() if p.lora}
    assert ranks == {"light": 8, "standard": 16, "full-lora": 32, "aggressive": 64}
    assert all(p.lora.alpha == 2 * p.lora.rank for p in PRESETS.values() if p.lora)
    assert all(p.max_steps == 5000 for p in PRESETS.values() if p.lora)
    with pytest.raises(ConfigError, match="batch_size must be at least 1"):
        Recipe(batch_size=0)
    with pytest.raises(ConfigError, match="precision is one of"):
        Recipe(precision="float8")  # type: ignore[arg-type]
