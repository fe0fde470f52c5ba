"""A policy server in openpi's protocol that behaves, or misbehaves as it is told.

The wire format is openpi's own package, the order of events that of its server: metadata first,
then an answer a request; an error is a text frame with a traceback, after which it hangs up.
"""

import argparse
import asyncio
import json
import os
import socket
import traceback

import numpy as np
import websockets
from openpi_client import msgpack_numpy
from websockets.asyncio.server import serve

asked = 0


def shape_of(value):
    if isinstance(value, np.ndarray):
        return [str(value.dtype), list(value.shape)]
    return value


def chunk(horizon, width, index):
    """Row h of the answer to request `index` holds index / 100 + h / 1000 in every column."""
    rows = index / 100 + np.arange(horizon)[:, None] / 1000
    return np.broadcast_to(rows, (horizon, width)).astype(np.float32)


def wrong(fault, actions):
    """An answer that is well packed and wrong."""
    bad = actions.copy()
    bad[1, 3] = {"nan": np.nan, "inf": np.inf}.get(fault, 0)
    return {
        "nan": {"actions": bad},
        "inf": {"actions": bad},
        "narrow": {"actions": actions[:, :11]},
        "flat": {"actions": actions.ravel()},
        "empty": {"actions": actions[:0]},
        "short": {"actions": actions[:2]},
        "words": {"actions": "left"},
        "missing": {"action": actions},
        "list": [actions],
        "number": 3,
    }[fault]


async def misbehave(socket_, fault, options, actions):
    packed = msgpack_numpy.packb({"actions": actions})
    if fault == "exit":
        os._exit(1)
    elif fault == "close":
        await socket_.close(1011, "out of memory")
    elif fault == "reset":
        socket_.transport.abort()
    elif fault == "hang":
        await asyncio.sleep(3600)
    elif fault == "truncated":
        await socket_.send(packed[: len(packed) // 2])
    elif fault == "garbage":
        await socket_.send(os.urandom(200))
    elif fault == "nothing":
        await socket_.send(b"")
    elif fault == "huge":
        await socket_.send(b"\x00" * (65 * 2**20))
    elif fault == "objects":
        array = {b"__ndarray__": True, b"data": b"cos\nsystem\n.", b"dtype": "|O", b"shape": [1]}
        await socket_.send(msgpack_numpy.packb({"actions": array}))
    elif fault == "boast":
        array = {b"__ndarray__": True, b"data": b"", b"dtype": "<f4", b"shape": [2**40, 12]}
        await socket_.send(msgpack_numpy.packb({"actions": array}))
    elif fault == "error":
        try:
            raise KeyError("observation/state")
        except KeyError:
            await socket_.send(traceback.format_exc())
        await socket_.close(1011, "Internal server error.")
    else:
        await socket_.send(msgpack_numpy.packb(wrong(fault, actions)))


async def greet(connection, options):
    greeting = options.greeting
    if greeting == "never":
        await asyncio.sleep(3600)
    elif greeting == "text":
        await connection.send("hello")
    elif greeting == "garbage":
        await connection.send(b"\xc1\xc1")
    elif greeting == "deaf":
        # Takes the connection, and reads nothing any more.
        connection.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVBUF, 4096
        )
        await connection.send(msgpack_numpy.packb({}))
        connection.transport.pause_reading()
        await asyncio.sleep(3600)
    else:
        await connection.send(msgpack_numpy.packb(json.loads(options.metadata)))


async def talk(connection, options):
    global asked
    await greet(connection, options)
    while True:
        try:
            observation = msgpack_numpy.unpackb(await connection.recv())
        except websockets.ConnectionClosed:
            return
        if options.log:
            with open(options.log, "a") as log:
                log.write(json.dumps({k: shape_of(v) for k, v in observation.items()}) + "\n")
        asked += 1
        actions = chunk(options.horizon, options.width, asked)
        faulty = options.after < asked <= options.after + options.times
        if options.fault and faulty:
            await misbehave(connection, options.fault, options, actions)
        else:
            await connection.send(msgpack_numpy.packb({"actions": actions}))


async def main(options):
    async def handle(connection):
        given = connection.request.headers.get("Authorization")
        if options.key and given != f"Api-Key {options.key}":
            await connection.close(1008, "wrong key")
            return
        await talk(connection, options)

    async with serve(handle, "127.0.0.1", options.port, compression=None, max_size=None) as server:
        print("ready", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--horizon", type=int, default=10)
    parser.add_argument("--width", type=int, default=12)
    parser.add_argument("--metadata", default="{}")
    parser.add_argument("--greeting", default="")
    parser.add_argument("--fault", default="")
    parser.add_argument("--after", type=int, default=0)
    parser.add_argument("--times", type=int, default=10**9)
    parser.add_argument("--log", default="")
    parser.add_argument("--key", default="")
    asyncio.run(main(parser.parse_args()))
