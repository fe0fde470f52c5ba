"""A policy whose answers tell what it was given, behind LeRobot's names."""

import torch


class Step:
    def __init__(self, work):
        self._work = work

    def __call__(self, value):
        return self._work(value)

    def reset(self):
        pass


class Policy(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.steps = 0

    @classmethod
    def from_pretrained(cls, path, config):
        return cls(config)

    def reset(self):
        self.steps = 0

    def told(self, batch):
        """12 numbers: what the pictures, the state and the words look like from in here."""
        self.steps += 1
        left = batch["observation.images.robot0_agentview_left"]
        assert left.dtype == torch.float32
        assert left.shape == (1, 3, 256, 256), left.shape
        assert batch["observation.state"].shape == (1, 16)
        if "boom" in batch["task"]:
            raise RuntimeError("CUDA error: device-side assert triggered")
        facts = [left[0, channel].mean() for channel in range(3)]
        facts += [left.max(), batch["observation.state"][0, 0], torch.tensor(self.steps / 100)]
        facts += [torch.rand(()), torch.tensor(len(batch["task"]) / 100)]
        return torch.stack([*facts, *[torch.zeros(())] * 4])

    def predict_action_chunk(self, batch):
        return self.told(batch).expand(1, self.config.chunk_size, 12)

    def select_action(self, batch):
        return self.told(batch)[None]


def get_policy_class(kind):
    assert kind == "fake"
    return Policy


def make_pre_post_processors(config, pretrained_path, preprocessor_overrides):
    assert preprocessor_overrides == {"device_processor": {"device": config.device}}
    return Step(lambda batch: batch), Step(lambda actions: actions / 2)
