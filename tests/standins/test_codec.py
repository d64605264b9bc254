# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples to bytes: held against Cyclone's own codec."""

from __future__ import annotations

import contextlib
import struct

import numpy as np
import pytest
from cyclonedds.idl import make_idl_struct, types
from dds.codec import Codec
from dds.structure import Field, Structure
from dds.typeobject import type_bytes
from hypothesis import given, settings
from hypothesis import strategies as st
from standins_kit import EVERY_TYPE

CYCLONE_NAMES = {
    "boolean": bool,
    "octet": types.byte,
    "short": types.int16,
    "long": types.int32,
    "long long": types.int64,
    "unsigned short": types.uint16,
    "unsigned long": types.uint32,
    "float": types.float32,
    "double": types.float64,
}
NUMBERS = {
    "boolean": st.booleans(),
    "octet": st.integers(0, 255),
    "short": st.integers(-(2**15), 2**15 - 1),
    "long": st.integers(-(2**31), 2**31 - 1),
    "long long": st.integers(-(2**63), 2**63 - 1),
    "unsigned short": st.integers(0, 2**16 - 1),
    "unsigned long": st.integers(0, 2**32 - 1),
    "float": st.floats(width=32, allow_nan=False),
    "double": st.floats(allow_nan=False),
}


def cyclone_class(structure: Structure) -> type:
    """Return Cyclone's own class for a structure."""
    fields = {}
    for field in structure.fields:
        kind = CYCLONE_NAMES.get(field.type_name, str)
        if field.is_string and field.string_length:
            kind = types.bounded_str[field.string_length]
        if field.array_length is not None:
            kind = types.array[kind, field.array_length]
        fields[field.name] = kind
    annotations = {name: {"key": True} for name in structure.keys}
    name = structure.name.rpartition("::")[2]
    made = make_idl_struct(name, structure.name, fields, field_annotations=annotations)
    made.__idl__.populate()
    made.__idl__.fill_type_data()
    return made


CYCLONE_EVERY_TYPE = cyclone_class(EVERY_TYPE)


def values_of(field: Field) -> st.SearchStrategy:
    """Return values for a field."""
    if field.is_string:
        limit = field.string_length or 50
        letters = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=limit)
        one = letters.filter(lambda text: len(text.encode()) <= limit)
    else:
        one = NUMBERS[field.type_name]
    if field.array_length is None:
        return one
    if field.array_length > 10:  # one value, many times, keeps the examples small
        return one.map(lambda value: [value] * field.array_length)
    return st.lists(one, min_size=field.array_length, max_size=field.array_length)


samples = st.fixed_dictionaries({field.name: values_of(field) for field in EVERY_TYPE.fields})


@given(samples)
@settings(max_examples=60, deadline=None)
def test_a_sample_becomes_the_bytes_that_cyclone_itself_would_make(sample):
    theirs = CYCLONE_EVERY_TYPE(**sample).serialize()
    ours = Codec(EVERY_TYPE).encode(sample)
    assert ours.rstrip(b"\0") == theirs.rstrip(b"\0")
    assert len(ours) % 4 == 0


@given(samples)
@settings(max_examples=60, deadline=None)
def test_what_cyclone_has_written_reads_as_it_was(sample):
    assert Codec(EVERY_TYPE).decode(CYCLONE_EVERY_TYPE(**sample).serialize()) == sample


@given(samples)
@settings(max_examples=30, deadline=None)
def test_the_second_version_of_xcdr_and_the_other_byte_order_are_read_too(sample):
    codec = Codec(EVERY_TYPE)
    one = CYCLONE_EVERY_TYPE(**sample)
    assert codec.decode(one.serialize(use_version_2=True)) == sample
    big = type(one).__idl__.serialize(one, endianness=big_endian(), use_version_2=False)
    assert codec.decode(big) == sample


def big_endian():
    from cyclonedds.idl._support import Endianness

    return Endianness.Big


def test_the_description_of_a_type_is_the_one_that_cyclone_itself_would_make():
    assert type_bytes(EVERY_TYPE) == CYCLONE_EVERY_TYPE.__idl__._xt_bytedata


def test_numpy_scalars_and_arrays_are_values_like_others(codec, everything):
    sample = everything.topic_data_class(
        long0=np.int64(-5),
        float0=np.float32(1.5),
        flag=np.bool_(True),
        bytes0=np.arange(5, dtype=np.uint8),
        doubles=np.array([1, 2, 3], dtype=np.int16),
        flags=np.array([True, False]),
    )
    read = codec.decode(codec.encode(vars(sample)))
    assert read["long0"] == -5
    assert read["float0"] == 1.5
    assert read["flag"] is True
    assert read["bytes0"] == [0, 1, 2, 3, 4]
    assert read["doubles"] == [1.0, 2.0, 3.0]
    assert read["flags"] == [True, False]


def test_bytes_are_taken_for_a_string_and_for_an_array_of_octets(codec, everything):
    sample = everything.topic_data_class(text="ü".encode("latin-1"), bytes0=b"\x01\x02\x03\x04\xff")
    read = codec.decode(codec.encode(vars(sample)))
    assert read["text"] == "ü"
    assert read["bytes0"] == [1, 2, 3, 4, 255]


def test_not_a_number_and_infinity_survive(codec, everything):
    sample = everything.topic_data_class(doubles=[np.nan, np.inf, -np.inf])
    read = codec.decode(codec.encode(vars(sample)))
    assert np.isnan(read["doubles"][0])
    assert read["doubles"][1:] == [np.inf, -np.inf]


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("long0", "not a number", struct.error),
        ("long0", 1.5, struct.error),
        ("long0", 2**31, struct.error),
        ("byte0", -1, struct.error),
        ("ushort0", 2**16, struct.error),
        ("float0", "x", struct.error),
        ("float0", 1e300, struct.error),
        ("private_revCode", "longer than eight", struct.error),
        ("text", "with a \0 inside", struct.error),
        ("text", 5, TypeError),
        ("text", None, TypeError),
        ("doubles", 1.0, TypeError),
        ("doubles", "123", TypeError),
        ("doubles", [1.0, 2.0], IndexError),
        ("doubles", np.zeros((3, 2)), struct.error),
        ("bytes0", [1, 2, 3, 4, 256], struct.error),
    ],
)
def test_a_wrong_value_raises_what_salobj_expects(codec, everything, field, value, error):
    sample = everything.topic_data_class()
    setattr(sample, field, value)
    with pytest.raises(error):
        codec.encode(vars(sample))


@given(
    st.binary(min_size=4, max_size=200), st.sampled_from([b"\0\1\0\0", b"\0\0\0\0", b"\0\7\0\0"])
)
@settings(max_examples=100, deadline=None)
def test_a_damaged_sample_raises_a_typed_error_and_nothing_else(data, header):
    with contextlib.suppress(struct.error):
        Codec(EVERY_TYPE).decode(header + data)
