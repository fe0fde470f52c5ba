"""Writes a small real LeRobot policy with random weights, as `lerobot-train` writes them.

Runs in LeRobot's environment: `python lerobot_policies.py act|diffusion FOLDER`.
"""

import sys
from pathlib import Path

import torch
from lerobot.configs.types import FeatureType, PolicyFeature
from lerobot.policies.factory import (
    get_policy_class,
    make_policy_config,
    make_pre_post_processors,
)

CAMERAS = [
    f"observation.images.robot0_{name}"
    for name in ("agentview_left", "agentview_right", "eye_in_hand")
]
SMALL = {
    "act": {
        "chunk_size": 20, "n_action_steps": 20, "dim_model": 64, "n_heads": 2,
        "dim_feedforward": 64, "n_encoder_layers": 1, "n_vae_encoder_layers": 1,
    },
    "diffusion": {
        "n_obs_steps": 2, "horizon": 16, "n_action_steps": 8, "down_dims": (32, 64),
        "num_inference_steps": 2, "crop_shape": None, "use_group_norm": True,
    },
}  # fmt: skip


def statistics():
    picture = {"mean": 0.5, "std": 0.25, "min": 0.0, "max": 1.0}
    vector = {"mean": 0.0, "std": 0.3, "min": -1.0, "max": 1.0}
    told = {key: {n: torch.full((3, 1, 1), v) for n, v in picture.items()} for key in CAMERAS}
    for key, width in (("observation.state", 16), ("action", 12)):
        told[key] = {name: torch.full((width,), value) for name, value in vector.items()}
    return told


def main(kind, folder):
    torch.manual_seed(0)
    inputs = {key: PolicyFeature(type=FeatureType.VISUAL, shape=(3, 256, 256)) for key in CAMERAS}
    inputs["observation.state"] = PolicyFeature(type=FeatureType.STATE, shape=(16,))
    config = make_policy_config(
        kind,
        input_features=inputs,
        output_features={"action": PolicyFeature(type=FeatureType.ACTION, shape=(12,))},
        device="cpu",
        push_to_hub=False,
        pretrained_backbone_weights=None,
        **SMALL[kind],
    )
    policy = get_policy_class(kind)(config)
    for part in (policy, *make_pre_post_processors(config, dataset_stats=statistics())):
        part.save_pretrained(folder)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
