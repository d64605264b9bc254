# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cyclone's C functions, declared once, and its return codes as exceptions."""

from __future__ import annotations

__all__ = ["INFINITY", "LIBRARY_HANDLE", "call", "check", "lib"]

import ctypes
from typing import Any

from cyclonedds.internal import load_cyclonedds

from .errors import DDSException

INFINITY = (1 << 63) - 1
"""A wait without end, in nanoseconds."""

lib: Any = load_cyclonedds()

_entity = ctypes.c_int32
_pointer = ctypes.c_void_p
_size = ctypes.c_size_t
_int = ctypes.c_int32
_time = ctypes.c_int64

# Waitsets and guard conditions belong to the library and not to a participant, so that
# they can be made before one and attached to conditions of any of them.
LIBRARY_HANDLE = 0x7FFF0100
"""Cyclone's handle of the library itself, the owner of what belongs to no participant."""

_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "dds_create_domain": (_entity, [ctypes.c_uint32, ctypes.c_char_p]),
    "dds_create_participant": (_entity, [ctypes.c_uint32, _pointer, _pointer]),
    "dds_create_publisher": (_entity, [_entity, _pointer, _pointer]),
    "dds_create_subscriber": (_entity, [_entity, _pointer, _pointer]),
    "dds_create_writer": (_entity, [_entity, _entity, _pointer, _pointer]),
    "dds_create_reader": (_entity, [_entity, _entity, _pointer, _pointer]),
    "dds_create_readcondition": (_entity, [_entity, ctypes.c_uint32]),
    "dds_create_guardcondition": (_entity, [_entity]),
    "dds_set_guardcondition": (_int, [_entity, ctypes.c_bool]),
    "dds_take_guardcondition": (_int, [_entity, ctypes.POINTER(ctypes.c_bool)]),
    "dds_create_waitset": (_entity, [_entity]),
    "dds_waitset_attach": (_int, [_entity, _entity, ctypes.c_ssize_t]),
    "dds_waitset_detach": (_int, [_entity, _entity]),
    "dds_waitset_wait": (_int, [_entity, ctypes.POINTER(ctypes.c_ssize_t), _size, _time]),
    "dds_triggered": (_int, [_entity]),
    "dds_delete": (_int, [_entity]),
    "dds_get_guid": (_int, [_entity, _pointer]),
    "dds_get_instance_handle": (_int, [_entity, ctypes.POINTER(ctypes.c_uint64)]),
    "dds_get_matched_publications": (_int, [_entity, ctypes.POINTER(ctypes.c_uint64), _size]),
    "dds_set_qos": (_int, [_entity, _pointer]),
    "dds_create_qos": (_pointer, []),
    "dds_delete_qos": (None, [_pointer]),
    "dds_qset_durability": (None, [_pointer, _int]),
    "dds_qset_history": (None, [_pointer, _int, _int]),
    "dds_qset_reliability": (None, [_pointer, _int, _time]),
    "dds_qset_durability_service": (None, [_pointer, _time, _int, _int, _int, _int, _int]),
    "dds_qset_partition": (None, [_pointer, ctypes.c_uint32, ctypes.POINTER(ctypes.c_char_p)]),
    "dds_qset_userdata": (None, [_pointer, ctypes.c_char_p, _size]),
    "dds_qget_userdata": (ctypes.c_bool, [_pointer, _pointer, _pointer]),
    "dds_free": (None, [_pointer]),
    "dds_qset_ownership": (None, [_pointer, _int]),
    "dds_qset_latency_budget": (None, [_pointer, _time]),
    "dds_qset_transport_priority": (None, [_pointer, _int]),
    "dds_qset_destination_order": (None, [_pointer, _int]),
    "dds_qset_writer_data_lifecycle": (None, [_pointer, ctypes.c_bool]),
    "dds_strretcode": (ctypes.c_char_p, [_int]),
}
for _name, (_restype, _argtypes) in _SIGNATURES.items():
    _function = getattr(lib, _name)
    _function.restype = _restype
    _function.argtypes = _argtypes


def check(code: int, doing: str) -> int:
    """Return a code that is not negative; raise for one that is.

    Parameters
    ----------
    code : `int`
        What a Cyclone function returned: an entity, a count, or a negative error.
    doing : `str`
        What was being done, for the message.

    Raises
    ------
    DDSException
        If ``code`` is negative.
    """
    if code < 0:
        reason = lib.dds_strretcode(code).decode()
        raise DDSException(f"{doing}: {reason} ({code})", code)
    return code


def call(name: str, *args: Any) -> int:
    """Call a Cyclone function by name and check what it returns."""
    return check(getattr(lib, name)(*args), name)
