"""Messages: the same as openpi's own package writes, and nothing a stranger sends gets through."""

import contextlib
import io
import pickle
import tracemalloc

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from openpi_client import msgpack_numpy

from leapcasa.policies import wire

DTYPES = st.sampled_from(["<f4", "<f8", "<i8", "|u1", "|b1", "<f2", ">i4"])
ARRAYS = DTYPES.flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=4, max_side=5))
)


@given(ARRAYS)
def test_arrays_travel_between_openpis_package_and_ours_both_ways(array):
    theirs = wire.unpack_openpi(msgpack_numpy.packb({"a": array}))["a"]
    ours = msgpack_numpy.unpackb(wire.pack_openpi({"a": array}))["a"]
    for got in (theirs, ours):
        assert got.dtype == array.dtype
        np.testing.assert_array_equal(got, array)
    assert wire.pack_openpi({"a": array}) == msgpack_numpy.packb({"a": array})


@given(ARRAYS)
def test_arrays_travel_in_groots_npy_files(array):
    got = wire.unpack_groot(wire.pack_groot({"a": array}))["a"]
    assert got.dtype == array.dtype
    np.testing.assert_array_equal(got, array)


def test_an_npy_file_in_columns_keeps_its_meaning():
    stream = io.BytesIO()
    columns = np.asfortranarray(np.arange(24).reshape(2, 3, 4))
    np.save(stream, columns)
    data = msgpack.packb({"__ndarray_class__": True, "as_npy": stream.getvalue()})
    np.testing.assert_array_equal(wire.unpack_groot(data), columns)


READERS = [wire.unpack_openpi, wire.unpack_groot]


@pytest.mark.parametrize("read", READERS)
@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=200))
def test_random_bytes_are_a_message_or_a_wire_error(read, data):
    with contextlib.suppress(wire.WireError):
        read(data)


@pytest.mark.parametrize(
    ("read", "pack"),
    [(wire.unpack_openpi, wire.pack_openpi), (wire.unpack_groot, wire.pack_groot)],
)
@settings(max_examples=300, deadline=None)
@given(place=st.integers(0, 10**6), byte=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_message_is_a_message_or_a_wire_error(read, pack, place, byte, cut):
    whole = pack({"actions": np.zeros((4, 12), np.float32), "x": np.float64(3), "t": "words"})
    place %= len(whole)
    hurt = whole[:place] if cut else whole[:place] + bytes([byte]) + whole[place + 1 :]
    with contextlib.suppress(wire.WireError):
        read(hurt)


class Evil:
    def __reduce__(self):
        return (print, ("unpickled",))


BAD_DTYPES = ["|O", "O", "|V8", "<U4", "<M8[ns]", "<c8", "[('a', 'O')]", "float32", "", "<f16"]


@pytest.mark.parametrize("dtype", BAD_DTYPES)
def test_only_plain_numbers_are_read(dtype):
    data = pickle.dumps(Evil())
    array = {b"__ndarray__": True, b"data": data, b"dtype": dtype, b"shape": [len(data)]}
    with pytest.raises(wire.WireError, match="only plain numbers"):
        wire.unpack_openpi(msgpack.packb({"actions": array}))
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': (1,), }}".encode()
    npy = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data
    with pytest.raises(wire.WireError):
        wire.unpack_groot(msgpack.packb({"__ndarray_class__": True, "as_npy": npy}))


@pytest.mark.parametrize("value", [np.array([object()]), np.array(["a"]), np.complex64(1), {1, 2}])
@pytest.mark.parametrize("pack", [wire.pack_openpi, wire.pack_groot])
def test_only_plain_numbers_are_sent(pack, value):
    with pytest.raises((wire.WireError, TypeError)):
        pack({"a": value})


@pytest.mark.parametrize("shape", [[2**40], [2**62, 4], [-1], [1.5], "12", [1] * 9, None])
def test_a_shape_that_boasts_allocates_nothing(shape):
    array = {b"__ndarray__": True, b"data": b"abcd", b"dtype": "<f4", b"shape": shape}
    data = msgpack.packb({"a": array})
    tracemalloc.start()
    with pytest.raises(wire.WireError):
        wire.unpack_openpi(data)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_deep_nesting_is_a_wire_error():
    with pytest.raises(wire.WireError):
        wire.unpack_openpi(b"\x91" * 100_000 + b"\xc0")


def test_a_message_that_is_too_large_is_a_wire_error():
    with pytest.raises(wire.WireError, match="at most"):
        wire.unpack_openpi(bytes(wire.MAX_BYTES + 1))
