"""Serves any LeRobot policy to leapcasa. Runs in LeRobot's environment, without leapcasa.

    pip install lerobot websockets msgpack
    python lerobot_server.py --policy my/checkpoint --device cuda

`--policy` is a folder or the name of a model on the hub, as `lerobot-train` writes them. Whoever
can reach the port can use the policy: it listens on this machine alone unless --host says
otherwise.

The protocol is openpi's: websocket frames of msgpack. On connection the server describes the
policy's inputs and outputs; each request is an observation under the policy's own keys (pictures as
(H, W, 3) uint8, state as float32, `task` as text), each answer `{"action": (horizon, width)}`.
`{"reset": true, "seed": n}` begins a subtask. An error is a text frame with the traceback, after
which the connection is closed. Nothing is pickled or unpickled.

Policies that remember (several observations, temporal ensembling) are asked for one action a step,
in the order in which they were trained to see the world; they serve one client at a time.
"""

import argparse
import math
import re
import threading
import traceback

import numpy as np

MAX_BYTES = 64 * 2**20
DTYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248])")


class Served:
    """One policy with its pre- and postprocessor.

    Args:
        path: folder or hub name.
        device: `cuda`, `cpu`, ...; `auto` takes CUDA if it is there.
    """

    def __init__(self, path, device):
        import torch
        from lerobot.configs.policies import PreTrainedConfig  # pyright: ignore
        from lerobot.policies.factory import (  # pyright: ignore
            get_policy_class,
            make_pre_post_processors,
        )

        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self.torch, self.device, self.path = torch, device, str(path)
        config = PreTrainedConfig.from_pretrained(path)
        config.device = device
        self.policy = get_policy_class(config.type).from_pretrained(path, config=config)
        self.policy.to(device).eval()
        self.config = self.policy.config
        self.before, self.after = make_pre_post_processors(
            self.config,
            pretrained_path=self.path,
            preprocessor_overrides={"device_processor": {"device": device}},
        )
        ensembling = getattr(self.config, "temporal_ensemble_coeff", None) is not None
        self.remembers = getattr(self.config, "n_obs_steps", 1) > 1 or ensembling
        self.horizon = 1 if self.remembers else self._chunk_length()
        self.lock = threading.Lock()

    def _chunk_length(self):
        for name in ("chunk_size", "horizon", "n_action_steps"):
            if isinstance(getattr(self.config, name, None), int):
                return getattr(self.config, name)
        return 1

    def metadata(self):
        """What a client may rely on, with pictures as (height, width, channels)."""
        inputs = {
            key: shape_of(key, feature) for key, feature in self.config.input_features.items()
        }
        width = self.config.output_features["action"].shape[0]
        return {
            "server": "leapcasa lerobot_server",
            "policy": self.path,
            "type": self.config.type,
            "inputs": {**inputs, "task": []},
            "outputs": {"action": [self.horizon, width]},
            "action_horizon": self.horizon,
            "stateful": self.remembers,
            "resets": True,
        }

    def reset(self, seed):
        """Forget the past; the seed decides all randomness from here on."""
        with self.lock:
            self.torch.manual_seed(seed)
            for part in (self.policy, self.before, self.after):
                part.reset()

    def act(self, observation):
        """(horizon, width) float32 for one observation."""
        with self.lock, self.torch.inference_mode():
            batch = self.before(self._batch(observation))
            if self.remembers:
                actions = self.policy.select_action(batch)
            else:
                actions = self.policy.predict_action_chunk(batch).squeeze(0)
            return self.after(actions).float().cpu().numpy()

    def _batch(self, observation):
        batch = {"task": observation["task"]}
        for key, feature in self.config.input_features.items():
            if key not in observation:
                raise KeyError(f"the observation has no {key!r}; it has {sorted(observation)}")
            value, wanted = np.asarray(observation[key]), tuple(shape_of(key, feature))
            if value.shape != wanted:
                raise ValueError(f"{key} has shape {value.shape}; {wanted} is wanted")
            tensor = self.torch.from_numpy(value.astype(np.float32))
            if len(wanted) == 3:
                tensor = tensor.permute(2, 0, 1).contiguous() / 255
            batch[key] = tensor.unsqueeze(0)
        return batch


def shape_of(key, feature):
    """As it travels: pictures with the channels last."""
    shape = list(feature.shape)
    return [*shape[1:], shape[0]] if len(shape) == 3 and "image" in key else shape


def talk(connection, served, turn):
    """Serve one client until it hangs up."""
    from websockets.exceptions import ConnectionClosed

    if served.remembers and not turn.acquire(blocking=False):
        connection.send("this policy remembers, and serves another client already: start one more")
        return
    try:
        served.reset(0)
        connection.send(pack(served.metadata()))
        for frame in connection:
            connection.send(pack(answer(served, unpack(frame))))
    except ConnectionClosed:
        pass
    except Exception:
        print(traceback.format_exc(), flush=True)
        connection.send(traceback.format_exc())
        connection.close(1011, "the traceback is in the frame before")
    finally:
        if served.remembers:
            turn.release()


def answer(served, request):
    """The answer to one request."""
    if not isinstance(request, dict):
        raise TypeError(f"a request is a dictionary, not {type(request).__name__}")
    if request.get("reset") is True:
        served.reset(int(request.get("seed", 0)))
        return {"reset": True}
    if not isinstance(request.get("task"), str):
        raise KeyError("the observation has no text 'task'")
    return {"action": served.act(request)}


def pack(message):
    """Msgpack with arrays as openpi writes them."""
    import msgpack

    def array(value):
        if not isinstance(value, np.ndarray) or not DTYPE.fullmatch(value.dtype.str):
            raise TypeError(f"{type(value).__name__} cannot be sent")
        return {
            b"__ndarray__": True,
            b"data": value.tobytes(),
            b"dtype": value.dtype.str,
            b"shape": value.shape,
        }

    return msgpack.packb(message, default=array)


def unpack(frame):
    """The reverse: plain numbers only, sizes checked before anything is allocated."""
    import msgpack

    def array(content):
        if b"__ndarray__" not in content:
            return content
        data, name, shape = content[b"data"], content[b"dtype"], content[b"shape"]
        if not DTYPE.fullmatch(name):
            raise ValueError(f"dtype {name!r} is not read")
        if not all(type(size) is int and size >= 0 for size in shape):
            raise ValueError(f"shape {shape!r} is none")
        kind = np.dtype(name)
        if len(data) != math.prod(shape) * kind.itemsize:
            raise ValueError(f"shape {shape!r} does not fit {len(data)} bytes")
        return np.frombuffer(data, kind).reshape(shape)

    if not isinstance(frame, bytes):
        raise TypeError("a request is a binary frame")
    return msgpack.unpackb(frame, object_hook=array)


def main():
    """Load the policy and serve it until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Serve any LeRobot policy to leapcasa.")
    parser.add_argument("--policy", required=True, help="folder or hub name of the checkpoint")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 for other machines too")
    parser.add_argument("--port", type=int, default=8010)
    options = parser.parse_args()
    from websockets.sync.server import serve

    served, turn = Served(options.policy, options.device), threading.Lock()
    if options.host not in ("127.0.0.1", "localhost", "::1"):
        print(f"listening beyond this machine ({options.host}), without any password", flush=True)
    with serve(
        lambda connection: talk(connection, served, turn),
        options.host,
        options.port,
        compression=None,
        max_size=MAX_BYTES,
    ) as server:
        port = server.socket.getsockname()[1]
        print(f"ready {port} ({served.config.type} on {served.device})", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("stopped", flush=True)


if __name__ == "__main__":
    main()
