"""Messages of policy servers: msgpack with numpy arrays in it, read with distrust.

Two dialects are spoken: openpi's (`{__ndarray__, data, dtype, shape}`) and GR00T's
(`{__ndarray_class__, as_npy}` with a whole .npy file inside). Nothing is ever unpickled: only
plain booleans, integers and floats are numbers here, every size is checked against the bytes that
are there before anything is allocated, and whatever does not fit is a `WireError`.
"""

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

MAX_BYTES = 64 * 2**20
"""The largest message that is read [bytes]; a chunk of 50 actions has some thousand."""

_MAX_AXES = 8
_DTYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248])")
_NPY = re.compile(
    r"\s*\{\s*'descr':\s*'([^']*)',\s*'fortran_order':\s*(True|False),"
    r"\s*'shape':\s*\(([\d,\s]*)\),?\s*\}\s*"
)


class WireError(Exception):
    """The bytes are no message of this dialect."""


def pack_openpi(message: Any) -> bytes:
    """A message for an openpi server."""
    return _pack(message, _array_to_openpi)


def unpack_openpi(data: bytes) -> Any:
    """A message from an openpi server.

    Raises:
        WireError: if it is truncated, too large, or holds what is no plain array.
    """
    return _unpack(data, _from_openpi)


def pack_groot(message: Any) -> bytes:
    """A message for a GR00T server."""
    return _pack(message, _array_to_groot)


def unpack_groot(data: bytes) -> Any:
    """A message from a GR00T server; a `ModalityConfig` comes as its plain content.

    Raises:
        WireError: if it is truncated, too large, or holds what is no plain array.
    """
    return _unpack(data, _from_groot)


def _pack(message: Any, default: Callable[[Any], Any]) -> bytes:
    import msgpack

    packed = msgpack.packb(message, default=default)
    assert packed is not None
    return packed


def _unpack(data: bytes, hook: Callable[[Any], Any]) -> Any:
    import msgpack

    if len(data) > MAX_BYTES:
        raise WireError(f"{len(data)} bytes; at most {MAX_BYTES} are read")
    try:
        return msgpack.unpackb(data, object_hook=hook)
    except WireError:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException) as error:
        why = str(error) or type(error).__name__
        raise WireError(f"no msgpack message ({len(data)} bytes): {why}") from error


def _array_to_openpi(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        _check_dtype(value.dtype.str)
        return {
            b"__ndarray__": True,
            b"data": value.tobytes(),
            b"dtype": value.dtype.str,
            b"shape": value.shape,
        }
    if isinstance(value, np.generic):
        _check_dtype(value.dtype.str)
        return {b"__npgeneric__": True, b"data": value.item(), b"dtype": value.dtype.str}
    raise TypeError(f"{type(value).__name__} cannot be sent")


def _from_openpi(content: dict[Any, Any]) -> Any:
    if b"__ndarray__" in content:
        try:
            data, dtype, shape = content[b"data"], content[b"dtype"], content[b"shape"]
        except KeyError as error:
            raise WireError(f"an array without {error}") from None
        return _array(data, dtype, shape)
    if b"__npgeneric__" in content:
        try:
            return _dtype(content[b"dtype"]).type(content[b"data"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise WireError(f"a number that is none: {error}") from None
    return content


def _array_to_groot(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if isinstance(value, np.ndarray):
        import io

        _check_dtype(value.dtype.str)
        stream = io.BytesIO()
        np.save(stream, value, allow_pickle=False)
        return {"__ndarray_class__": True, "as_npy": stream.getvalue()}
    raise TypeError(f"{type(value).__name__} cannot be sent")


def _from_groot(content: dict[Any, Any]) -> Any:
    if "__ndarray_class__" in content:
        return _npy(content.get("as_npy"))
    if "__ModalityConfig_class__" in content:
        return content.get("as_json")
    return content


def _npy(data: Any) -> npt.NDArray[Any]:
    """An .npy file, its header read by pattern and not by Python's parser."""
    if not isinstance(data, bytes) or data[:6] != b"\x93NUMPY" or len(data) < 12:
        raise WireError("an array that is no .npy file")
    wide = data[6] >= 2
    start = 12 if wide else 10
    end = start + int.from_bytes(data[8:start], "little")
    header = _NPY.fullmatch(data[start:end].decode("latin-1")) if end - start <= 4096 else None
    if header is None:
        raise WireError("an .npy file with a header that is none")
    descr, fortran, sizes = header.groups()
    shape = [int(size) for size in sizes.split(",") if size.strip()]
    made = _array(data[end:], descr, shape if fortran == "False" else shape[::-1])
    return made if fortran == "False" else np.ascontiguousarray(made.T)


def _array(data: Any, dtype: Any, shape: Any) -> npt.NDArray[Any]:
    kind = _dtype(dtype)
    if not isinstance(shape, list | tuple) or len(shape) > _MAX_AXES:
        raise WireError(f"an array of shape {shape!r:.60}")
    if not all(type(size) is int and size >= 0 for size in shape):
        raise WireError(f"an array of shape {shape!r:.60}")
    wanted = math.prod(shape) * kind.itemsize
    if not isinstance(data, bytes) or len(data) != wanted:
        there = len(data) if isinstance(data, bytes) else type(data).__name__
        raise WireError(
            f"an array of shape {tuple(shape)} {kind} needs {wanted} bytes, not {there}"
        )
    return np.frombuffer(data, kind).reshape(shape).copy()


def _dtype(name: Any) -> np.dtype[Any]:
    if isinstance(name, bytes):
        name = name.decode("latin-1")
    if not isinstance(name, str):
        raise WireError(f"an array of dtype {name!r:.60}")
    _check_dtype(name)
    return np.dtype(name)


def _check_dtype(name: str) -> None:
    if not _DTYPE.fullmatch(name):
        raise WireError(f"an array of dtype {name!r:.60}; only plain numbers are read and sent")
