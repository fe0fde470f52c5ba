"""What is changed at random in training stays true to its labels."""

import numpy as np
import pytest
import torch

from leapcasa.runs.policy import augment

SIZE = 96


def dot(places: torch.Tensor) -> torch.Tensor:
    """(N, 3, SIZE, SIZE) uint8, black but for a white dot."""
    out = torch.zeros(len(places), 3, SIZE, SIZE)
    ys, xs = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    for index, (x, y) in enumerate(((places + 1) / 2 * SIZE - 0.5).tolist()):
        out[index] = 255 * torch.exp(-((xs - x) ** 2 + (ys - y) ** 2) / 8)
    return out.to(torch.uint8)


def middle(picture: torch.Tensor) -> torch.Tensor:
    """Where the dot is."""
    light = (picture.float().mean(0) - picture.float().mean(0).median() - 40).clamp(min=0)
    ys, xs = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    at = torch.stack([(light * xs).sum(), (light * ys).sum()]) / light.sum()
    return (at + 0.5) / SIZE * 2 - 1


def test_places_move_with_what_is_seen_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(augment, "HIDDEN", 0.0)
    rng = np.random.default_rng(0)
    places = torch.from_numpy(rng.uniform(-0.6, 0.6, (24, 3, 1, 2))).float()
    outer = dot(places[:, :2].reshape(-1, 2)).unflatten(0, (24, 2))
    inner = dot(places[:, 2].reshape(-1, 2))
    hints = torch.ones(24, 3)
    made = augment.pictures(
        outer, inner, places, hints, torch.ones(24, dtype=torch.bool),
        torch.Generator().manual_seed(1),
    )  # fmt: skip
    new_outer, new_inner, at, told = made
    assert 3 <= (told[:, 2] < 0).sum() <= 15
    for b in range(24):
        for v, picture in enumerate([*new_outer[b], new_inner[b]]):
            assert torch.allclose(middle(picture), at[b, v, 0], atol=0.03)
    assert (at - places).abs().mean() > 0.05


def test_places_of_the_external_views_alone_move_with_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(augment, "HIDDEN", 0.0)
    rng = np.random.default_rng(1)
    places = torch.from_numpy(rng.uniform(-0.6, 0.6, (24, 2, 1, 2))).float()
    outer = dot(places.reshape(-1, 2)).unflatten(0, (24, 2))
    mirror = torch.ones(24, dtype=torch.bool)
    made, at = augment.views(outer, places, mirror, torch.Generator().manual_seed(1))
    for b in range(24):
        for v in range(2):
            assert torch.allclose(middle(made[b, v]), at[b, v, 0], atol=0.03)
    assert (at - places).abs().mean() > 0.05


def test_nothing_is_mirrored_whose_words_name_a_side():
    hints = torch.ones(32, 3)
    blank = torch.zeros(32, 2, 3, 32, 32, dtype=torch.uint8)
    places = torch.zeros(32, 3, 1, 2)
    told = augment.pictures(
        blank, blank[:, 0], places, hints, torch.zeros(32, dtype=torch.bool),
        torch.Generator().manual_seed(0),
    )[3]  # fmt: skip
    assert (told[:, 2] == 1).all()


def test_points_err_more_from_afar():
    hand = torch.zeros(4000, 3)
    spots = torch.zeros(4000, 3, 3)
    spots[:, 1, 0], spots[:, 2, 0] = 0.3, 1.0
    moved, _ = augment.points(spots, torch.zeros(4000, 3), hand, torch.Generator().manual_seed(0))
    away = np.nanmedian((moved - spots).norm(dim=-1).numpy(), axis=0)
    assert away[0] < away[1] < away[2]
    assert 0.002 < away[0] < 0.01
    assert 0.0 < moved.isnan().float().mean().item() < 0.05
