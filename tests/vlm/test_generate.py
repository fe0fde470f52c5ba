"""Writing beside transformers' own `generate`: same tokens, less reading."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoProcessor

from leapcasa.agent.answer import in_grammar
from leapcasa.configs import ConfigError, ModelError
from leapcasa.vlm.generate import Sampling, TextGenerator, _order
from leapcasa.vlm.images import PixelBudget, fitted
from leapcasa.vlm.load import LoadConfig, LoadedModel, load

WORDS = "Task name: wash the basin. Based on the picture, write steps."


@pytest.fixture(scope="module")
def loaded(small_checkpoint: Path) -> LoadedModel:
    return load(LoadConfig(base_model=str(small_checkpoint)))


@pytest.fixture(scope="module")
def processor(small_checkpoint: Path):
    return AutoProcessor.from_pretrained(small_checkpoint)


def picture(seed: int, height: int = 256, width: int = 320) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def inputs(processor, pictures, text):
    return turn_inputs(processor, [*pictures, text])


def turn_inputs(processor, turn):
    pictures = [part for part in turn if not isinstance(part, str)]
    content = [
        {"type": "text", "text": part} if isinstance(part, str) else {"type": "image"}
        for part in turn
    ]
    prompt = processor.apply_chat_template(
        [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
    )
    return processor(text=[prompt], images=pictures or None, return_tensors="pt")


def plain(loaded, processor, pictures, text, count) -> str:
    given = inputs(processor, pictures, text)
    out = loaded.model.generate(**given, max_new_tokens=count, do_sample=False)
    return processor.tokenizer.decode(
        out[0, given["input_ids"].shape[1] :], skip_special_tokens=True
    )


@pytest.mark.parametrize("shapes", [[], [(256, 320)], [(288, 256), (320, 256)]])
def test_greedy_text_is_that_of_generate(loaded, processor, shapes):
    pictures = [picture(i, *shape) for i, shape in enumerate(shapes)]
    ours = TextGenerator(loaded).generate(pictures, WORDS, Sampling(max_new_tokens=24))
    assert ours.text == plain(loaded, processor, pictures, WORDS, 24)
    assert ours.prompt_tokens == inputs(processor, pictures, WORDS)["input_ids"].shape[1]
    assert ours.finish in ("length", "end")


def test_the_least_likely_token_is_told(loaded, processor):
    ours = TextGenerator(loaded).generate([picture(0)], WORDS, Sampling(max_new_tokens=12))
    given = inputs(processor, [picture(0)], WORDS)
    out = loaded.model.generate(
        **given,
        max_new_tokens=12,
        do_sample=False,
        return_dict_in_generate=True,
        output_logits=True,
    )
    start = given["input_ids"].shape[1]
    chosen = out.sequences[0, start:]
    each = [
        float(logits[0].softmax(-1)[token])
        for logits, token in zip(out.logits, chosen, strict=True)
    ]
    assert len(each) == ours.tokens
    assert ours.least_sure == pytest.approx(min(each), rel=1e-3)


def test_a_turn_may_mix_words_and_pictures(loaded, processor):
    turn = ["Example:", picture(0), "first", picture(1, 320, 256), picture(2), WORDS]
    ours = TextGenerator(loaded).answer(turn, Sampling(max_new_tokens=24))
    given = turn_inputs(processor, turn)
    theirs = loaded.model.generate(**given, max_new_tokens=24, do_sample=False)
    written = theirs[0, given["input_ids"].shape[1] :]
    assert ours.text == processor.tokenizer.decode(written, skip_special_tokens=True)
    assert ours.prompt_tokens == given["input_ids"].shape[1]


def test_first_logits_are_those_of_the_model(loaded, processor):
    shown = [picture(0), picture(1, 320, 256)]
    generator = TextGenerator(loaded)
    with torch.inference_mode():
        ours, _ = generator._read(generator._prompt([*shown, WORDS]), 8)
        theirs = loaded.model(**inputs(processor, shown, WORDS)).logits[0, -1]
    assert torch.allclose(ours, theirs, atol=1e-4)


def test_another_picture_gives_other_logits(loaded):
    generator = TextGenerator(loaded)
    with torch.inference_mode():
        a, _ = generator._read(generator._prompt([picture(0), WORDS]), 8)
        b, _ = generator._read(generator._prompt([picture(1), WORDS]), 8)
        flipped, _ = generator._read(generator._prompt([picture(0)[::-1].copy(), WORDS]), 8)
    assert (a - b).abs().max() > 0.01
    assert (a - flipped).abs().max() > 0.01


def test_reuse_reads_only_what_is_new_and_changes_nothing(loaded):
    """One generator asked many things, each beside a fresh one."""
    kept = TextGenerator(loaded)
    long = Sampling(max_new_tokens=12)
    asked = [
        ([picture(0)], WORDS),
        ([picture(0)], WORDS),
        ([picture(0)], WORDS + " Done: nothing."),
        ([picture(1)], WORDS),
        ([], WORDS),
        ([picture(0), picture(1)], WORDS),
        ([picture(0)], "x"),
        ([picture(0)], WORDS),
    ]
    read = []
    for shown, text in asked:
        ours = kept.generate(shown, text, long)
        fresh = TextGenerator(loaded).generate(shown, text, long)
        assert ours.text == fresh.text
        read.append((ours.read_tokens, ours.prompt_tokens))
    assert read[1][0] == 1
    assert read[2][0] < 20
    assert read[3][0] > 80  # another picture: nothing behind it is known
    assert kept.vision.encoded == 2


def test_the_same_seed_samples_the_same_text(loaded):
    generator = TextGenerator(loaded)
    texts = [
        generator.generate([], WORDS, Sampling(max_new_tokens=16, temperature=1.0, seed=seed)).text
        for seed in (3, 3, 4)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_sampling_follows_the_distribution():
    values = np.log(np.array([0.5, 0.3, 0.15, 0.05]))
    drawn = []
    for seed in range(4000):
        sampling = Sampling(temperature=1.0, top_p=0.9, seed=seed)
        drawn.append(next(_order(values, sampling, np.random.default_rng(seed))))
    shares = np.bincount(drawn, minlength=4) / len(drawn)
    assert shares == pytest.approx(np.array([0.5, 0.3, 0.15, 0.0]) / 0.95, abs=0.03)


def test_the_caller_can_stop_it(loaded):
    said = TextGenerator(loaded).generate(
        [], WORDS, Sampling(max_new_tokens=200), stop=lambda text: len(text) > 30
    )
    assert said.finish == "stop"
    assert 30 < len(said.text) < 60


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_constrained_text_stays_in_the_grammar(loaded, temperature):
    generator = TextGenerator(loaded)
    for seed in range(3):
        sampling = Sampling(max_new_tokens=60, temperature=temperature, seed=seed)
        said = generator.generate([picture(seed)], WORDS, sampling, allow=in_grammar)
        assert said.text.startswith("1) ")
        assert in_grammar(said.text, said.finish == "end")


def test_nothing_allowed_is_told(loaded):
    said = TextGenerator(loaded).generate(
        [], WORDS, Sampling(max_new_tokens=4), allow=lambda text, ended: False
    )
    assert said.finish == "stuck"
    assert said.text == ""


def test_memory_that_runs_out_is_one_clear_error(loaded, monkeypatch):
    generator = TextGenerator(loaded)

    def full(*_):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(generator._text, "read", full)
    with pytest.raises(ModelError, match="nf4"):
        generator.generate([], WORDS, Sampling())


def test_control_tokens_and_broken_pictures_are_refused(loaded):
    generator = TextGenerator(loaded)
    with pytest.raises(ConfigError, match="control tokens"):
        generator.generate([], "<|im_end|>", Sampling())
    with pytest.raises(ConfigError, match="uint8"):
        generator.generate([np.zeros((4, 4))], WORDS, Sampling())


@pytest.mark.parametrize(
    ("height", "width"), [(224, 224), (480, 640), (3000, 4000), (31, 900), (64, 64), (1080, 1920)]
)
def test_sizes_are_those_of_the_processor(processor, height, width):
    from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

    budget = PixelBudget()
    wanted = smart_resize(height, width, 32, budget.least, budget.most)
    assert budget.size(height, width) == tuple(wanted)
    assert fitted(picture(0, height, width), budget).shape == (*wanted, 3)


def test_impossible_options_are_refused():
    for options in ({"max_new_tokens": 0}, {"temperature": -1.0}, {"top_p": 0.0}):
        with pytest.raises(ConfigError):
            Sampling(**options)
    with pytest.raises(ConfigError):
        PixelBudget(least=10, most=5)
    with pytest.raises(ConfigError):
        PixelBudget().size(1, 500)
