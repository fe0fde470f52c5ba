"""Weights in 8 bits: near what they were, half as large, and the same however often joined."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from small_members import KETTLE, PAN, acted, join, judge, policy

from leapcasa.configs import ConfigError
from leapcasa.judges.sight import checkpoint as judge_checkpoint
from leapcasa.policies.embedded import checkpoint
from leapcasa.runs.cli import main
from leapcasa.sight import folder as folders
from leapcasa.sight.packing import packed, unpacked


def joined(what: str, base: Path, out: Path, added: Path, text: str, bits: int = 16) -> Path:
    assert join(what, base, out, (added, text), bits=bits) == 0
    return out


def test_each_row_is_rounded_to_127ths_of_its_largest():
    weights = torch.randn(5, 4, 3, 3, generator=torch.Generator().manual_seed(1))
    weights[2] *= 1e-4
    weights[3] = 0.0
    back = unpacked(packed({"w": weights, "b": weights[:, 0, 0, 0]}))
    for row, own in zip(weights.numpy(), back["w"].numpy(), strict=True):
        step = np.abs(row).max() / 127
        assert np.abs(row - own).max() <= 0.51 * step
        if step:
            assert len(np.unique((own / step).round())) > 20
    assert torch.equal(back["b"], weights[:, 0, 0, 0].half())


def test_what_was_packed_is_packed_to_the_same_bits():
    generator = torch.Generator().manual_seed(2)
    first = packed({"w": 0.03 * torch.randn(300, 70, generator=generator)})
    again = packed(unpacked(first))
    assert first.keys() == again.keys()
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_a_policy_in_8_bits_does_nearly_the_same_in_half_the_space(tmp_path: Path):
    base, pan = policy(tmp_path / "base", 1), policy(tmp_path / "pan", 2)
    plain = joined("policy", base, tmp_path / "plain", pan, PAN)
    small = joined("policy", base, tmp_path / "small", pan, PAN, bits=8)
    name = checkpoint.KIND.file(1)
    kept = {n: v.dtype for n, v in load_file(small / name).items()}
    assert {torch.int8, torch.bfloat16, torch.float16} == set(kept.values())
    assert (small / name).stat().st_size < 0.75 * (plain / name).stat().st_size  # tiny as it is
    whole, eighth = acted(plain, PAN), acted(small, PAN)
    assert not np.array_equal(whole, eighth)
    assert np.abs(whole - eighth).mean() < 0.1 * np.abs(whole).mean()
    assert np.array_equal(acted(plain, KETTLE), acted(small, KETTLE))


def test_joining_again_leaves_it_as_it_is(tmp_path: Path):
    base, pan, kettle = (policy(tmp_path / str(seed), seed) for seed in (1, 2, 3))
    small = joined("policy", base, tmp_path / "small", pan, PAN, bits=8)
    more = joined("policy", small, tmp_path / "more", kettle, KETTLE)
    name = checkpoint.KIND.file(1)
    assert (more / name).read_bytes() == (small / name).read_bytes()
    parts = json.loads((more / folders.CONFIG).read_text())[folders.MEMBERS]
    assert [part.get(folders.BITS) for part in parts] == [None, 8, None]


def test_a_member_of_the_base_may_be_kept_so_from_now_on(tmp_path: Path):
    base, pan = policy(tmp_path / "base", 1), policy(tmp_path / "pan", 2)
    plain = joined("policy", base, tmp_path / "plain", pan, PAN)
    out = tmp_path / "out"
    assert main(["policy", "join", str(plain), "--shrink", "1", "--out", str(out)]) == 0
    small = joined("policy", base, tmp_path / "small", pan, PAN, bits=8)
    for path in sorted(small.glob("*.safetensors")):
        assert (out / path.name).read_bytes() == path.read_bytes(), path.name
    assert checkpoint.digest(out) == checkpoint.digest(small)


@pytest.mark.parametrize(
    ("words", "said"), [(["--shrink", "2"], "members 0 .. 1"), ([], "nothing to do")]
)
def test_a_member_that_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
):
    base, pan = policy(tmp_path / "base", 1), policy(tmp_path / "pan", 2)
    plain = joined("policy", base, tmp_path / "plain", pan, PAN)
    out = tmp_path / "out"
    assert main(["policy", "join", str(plain), *words, "--out", str(out)]) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()


def test_a_judge_may_be_kept_so_as_well(tmp_path: Path):
    base, pan = judge(tmp_path / "base", 1), judge(tmp_path / "pan", 2)
    small = joined("judge", base, tmp_path / "small", pan, PAN, bits=8)
    own, read = (judge_checkpoint.load(folder, n) for folder, n in ((pan, 0), (small, 1)))
    for (name, value), (_, other) in zip(
        own.state_dict().items(), read.state_dict().items(), strict=True
    ):
        assert torch.allclose(value, other, atol=0.01 * float(value.abs().max())), name


@pytest.mark.parametrize("bits", ["4", "x"])
def test_other_numbers_of_bits_are_refused(tmp_path: Path, bits: str):
    base = policy(tmp_path / "base", 1)
    words = ["policy", "join", str(base), "--add", str(base), PAN, "--bits", bits]
    with pytest.raises(SystemExit, match="2"):
        main([*words, "--out", str(tmp_path / "out")])


def test_scales_that_do_not_fit_are_said(tmp_path: Path):
    base = policy(tmp_path / "base", 1)
    small = joined("policy", base, tmp_path / "small", policy(tmp_path / "pan", 2), PAN, bits=8)
    path = small / checkpoint.KIND.file(1)
    state = load_file(path)
    scale = next(name for name in state if name.endswith(":scale"))
    state[scale] = state[scale][:-1].clone()
    save_file(state, path)
    with pytest.raises(ConfigError, match="rows and"):
        checkpoint.load_all(small)
