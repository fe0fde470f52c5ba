"""A policy server in GR00T's protocol that behaves, or misbehaves as it is told.

ZeroMQ request and reply; msgpack with .npy files inside. Releases differ as NVIDIA's do: N1.5 hands
the data to the policy as it is and writes its modality config as JSON text, N1.6 spreads the data
over `observation` and `options`, answers with a pair, and writes the config as a dictionary.
"""

import argparse
import io
import json
import os
import pickle
import time

import msgpack
import numpy as np
import zmq

WIDTHS = {
    "end_effector_position": 3,
    "end_effector_rotation": 3,
    "gripper_close": 1,
    "base_motion": 4,
    "control_mode": 1,
}
STATES = [
    "gripper_qpos",
    "base_position",
    "base_rotation",
    "end_effector_position_relative",
    "end_effector_rotation_relative",
]
CAMERAS = {
    "n1.5": ["robot0_agentview_left", "robot0_agentview_right", "robot0_eye_in_hand"],
    "n1.6": ["res256_image_side_0", "res256_image_side_1", "res256_image_wrist_0"],
}
LANGUAGE = {
    "n1.5": "annotation.human.task_description",
    "n1.6": "annotation.human.action.task_description",
}


def encode(value):
    if isinstance(value, np.ndarray):
        stream = io.BytesIO()
        np.save(stream, value, allow_pickle=False)
        return {"__ndarray_class__": True, "as_npy": stream.getvalue()}
    raise TypeError(type(value))


def decode(content):
    if "__ndarray_class__" in content:
        return np.load(io.BytesIO(content["as_npy"]), allow_pickle=False)
    return content


def packed(value):
    return msgpack.packb(value, default=encode)


def shape_of(value):
    if isinstance(value, np.ndarray):
        return [str(value.dtype), list(value.shape)]
    if isinstance(value, dict):
        return {key: shape_of(inner) for key, inner in value.items()}
    return value


def modality_config(options):
    old = options.release == "n1.5"
    kind = "n1.5" if old else "n1.6"
    moments = list(range(1 - options.frames, 1))
    modalities = {
        "video": (CAMERAS[kind], moments),
        "state": (STATES, [0]),
        "action": (list(WIDTHS), list(range(options.horizon))),
        "language": ([LANGUAGE[kind]], [0]),
    }
    told = {}
    for name, (keys, indices) in modalities.items():
        full = [f"{name}.{key}" for key in keys] if old and name != "language" else keys
        content = {"delta_indices": indices, "modality_keys": full}
        as_json = json.dumps(content) if old else content
        told[name] = {"__ModalityConfig_class__": True, "as_json": as_json}
    return told


def actions_of(options, asked):
    """Row h of the answer to request `asked` holds asked / 100 + h / 1000 in every column."""
    rows = asked / 100 + np.arange(options.horizon)[:, None] / 1000
    prefix = "" if options.release == "n1.6-nested" else "action."
    chunk = {}
    for name, width in WIDTHS.items():
        values = np.broadcast_to(rows, (options.horizon, width)).astype(np.float32)[None]
        chunk[prefix + name] = values
    return chunk


def get_action(options, data, asked):
    """As the release's own policy checks its observation."""
    nested = options.release == "n1.6-nested"
    observation = data if options.release == "n1.5" else data["observation"]
    kind = "n1.5" if options.release == "n1.5" else "n1.6"
    for name in CAMERAS[kind]:
        video = observation["video"][name] if nested else observation[f"video.{name}"]
        assert video.dtype == np.uint8, name
        assert video.shape[:2] == (1, 1), video.shape
        assert video.shape[-1] == 3, video.shape
    for name in STATES:
        state = observation["state"][name] if nested else observation[f"state.{name}"]
        assert state.dtype == np.float32, name
        assert state.ndim == 3, state.shape
    words = (observation["language"] if nested else observation)[LANGUAGE[kind]]
    assert isinstance(words[0][0] if nested else words[0], str), words
    chunk = actions_of(options, asked)
    return chunk if options.release == "n1.5" else [chunk, {}]


def faulty(fault, answer, good):
    """The bytes of a reply that is wrong."""
    action = answer if isinstance(answer, dict) else answer[0]
    key = next(iter(action))
    bad = dict(action)
    npy = encode(action[key])["as_npy"]
    if fault == "truncated":
        return good[: len(good) // 2]
    if fault == "garbage":
        return os.urandom(200)
    if fault == "pickle":
        return pickle.dumps(answer)
    if fault == "torch":
        return b"PK\x03\x04" + bytes(60)
    if fault == "old-error":
        return b"ERROR"
    if fault == "objects":
        stream = io.BytesIO()
        np.save(stream, np.array([print], dtype=object), allow_pickle=True)
        return packed({key: {"__ndarray_class__": True, "as_npy": stream.getvalue()}})
    if fault == "boast":
        huge = npy.replace(b"(1, 16, 3), }     ", b"(1099511627776, 3)}")
        assert huge != npy
        return packed({key: {"__ndarray_class__": True, "as_npy": huge}})
    if fault == "header":
        evil = npy.replace(b"'fortran_order': False", b"'fortran_order': 9**99")
        return packed({key: {"__ndarray_class__": True, "as_npy": evil}})
    if fault == "huge":
        return bytes(65 * 2**20)
    if fault == "missing":
        bad.pop(key)
    elif fault == "nan":
        bad[key] = np.full_like(action[key], np.nan)
    elif fault == "narrow":
        bad[key] = action[key][..., :-1]
    elif fault == "uneven":
        bad[key] = action[key][:, :-3]
    elif fault == "error":
        return packed({"error": "CUDA out of memory"})
    elif fault == "words":
        return packed("done")
    return packed(bad if isinstance(answer, dict) else [bad, {}])


def answer_to(options, request, asked):
    endpoint = request.get("endpoint", "get_action")
    if options.token and request.get("api_token") != options.token:
        return {"error": "Unauthorized: Invalid API token"}
    if endpoint == "ping":
        return {"status": "ok", "message": "Server is running"}
    if endpoint == "get_modality_config" and options.config:
        return modality_config(options)
    if endpoint == "reset" and options.release != "n1.5":
        assert request["data"] == {"options": None}
        return {}
    if endpoint == "get_action":
        return get_action(options, request["data"], asked)
    raise ValueError(f"Unknown endpoint: {endpoint}")


def main(options):
    held = zmq.Context().socket(zmq.REP)
    held.bind(f"tcp://127.0.0.1:{options.port}")
    print("ready", held.getsockopt_string(zmq.LAST_ENDPOINT).rpartition(":")[2], flush=True)
    asked = 0
    while True:
        request = msgpack.unpackb(held.recv(), object_hook=decode)
        if options.log:
            with open(options.log, "a") as log:
                log.write(json.dumps(shape_of(request)) + "\n")
        acting = request.get("endpoint") == "get_action"
        asked += acting
        try:
            answer = answer_to(options, request, asked)
        except Exception as error:
            answer = {"error": str(error) or type(error).__name__}
        reply = packed(answer)
        wrong = options.after < asked <= options.after + options.times
        if options.fault and acting and wrong:
            if options.fault == "exit":
                os._exit(1)
            if options.fault == "hang":
                time.sleep(3600)
            if options.fault == "slow":
                time.sleep(1.5)
            else:
                reply = faulty(options.fault, answer, reply)
        elif options.fault == "pickle-ping":
            reply = pickle.dumps({"status": "ok"})
        held.send(reply)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", default="*")
    parser.add_argument("--release", default="n1.5")
    parser.add_argument("--horizon", type=int, default=16)
    parser.add_argument("--frames", type=int, default=1)
    parser.add_argument("--config", type=int, default=1)
    parser.add_argument("--token", default="")
    parser.add_argument("--fault", default="")
    parser.add_argument("--after", type=int, default=0)
    parser.add_argument("--times", type=int, default=10**9)
    parser.add_argument("--log", default="")
    options = parser.parse_args()
    options.port = "*" if options.port in ("*", "0") else options.port
    main(options)
