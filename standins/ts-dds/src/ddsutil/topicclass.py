# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Classes of samples, made from structures."""

from __future__ import annotations

__all__ = ["TopicClass", "make_dds_topic_class"]

import functools
from typing import Any

from dds import DomainParticipant, Qos, Topic
from dds.codec import Codec
from dds.structure import Structure
from dds.typeobject import cyclone_type

from .idlparser import IdlError, ParsedIdl


class TopicClass:
    """Everything that is needed to write and read one topic.

    Parameters
    ----------
    structure : `Structure`
        Shape of the samples.
    """

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self.topic_data_class = _make_data_class(structure)

    @functools.cached_property
    def codec(self) -> Codec:
        """Encodes and decodes the samples."""
        return Codec(self.structure)

    @functools.cached_property
    def cyclone_type(self) -> Any:
        """What Cyclone knows of the type."""
        return cyclone_type(self.structure)

    def register_topic(self, participant: DomainParticipant, name: str, qos: Qos) -> Topic:
        """Return the topic of a name, with samples of this class.

        Parameters
        ----------
        participant : `dds.DomainParticipant`
            Where.
        name : `str`
            Name of the topic in DDS.
        qos : `dds.Qos`
            Policies of the topic.
        """
        return participant.create_topic(
            name, self.cyclone_type, self.codec, self.topic_data_class, qos
        )


def make_dds_topic_class(parsed_idl: ParsedIdl, revname: str) -> TopicClass:
    """Return what is needed to use one topic of an IDL file.

    Parameters
    ----------
    parsed_idl : `ParsedIdl`
        What `parse_idl_file` returned.
    revname : `str`
        Full name of the structure, ``module::topic_hash``.

    Raises
    ------
    IdlError
        If the file has no such structure.
    """
    structure = parsed_idl.structures.get(revname)
    if structure is None:
        raise IdlError(f"{parsed_idl.path} has no structure {revname}")
    return _topic_class(structure)


@functools.cache
def _topic_class(structure: Structure) -> TopicClass:
    return TopicClass(structure)


class _Sample:
    """What all samples have in common."""

    def get_vars(self) -> dict[str, Any]:
        """Return the fields as a dict of name to value."""
        return dict(self.__dict__)

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({fields})"


def _make_data_class(structure: Structure) -> type:
    names = tuple(field.name for field in structure.fields)
    known = frozenset(names)
    scalars = {f.name: f.default() for f in structure.fields}
    arrays = [f for f in structure.fields if f.array_length is not None]
    name = structure.name.replace("::", "_")

    def __init__(self: _Sample, *args: Any, **kwargs: Any) -> None:
        values = dict(scalars)
        for field in arrays:
            values[field.name] = field.default()
        if len(args) > len(names):
            raise TypeError(f"{name} has {len(names)} fields; {len(args)} values were given")
        values.update(zip(names, args, strict=False))
        if kwargs:
            if not known.issuperset(kwargs):
                raise TypeError(f"{name} has no field {sorted(set(kwargs) - known)}")
            values.update(kwargs)
        self.__dict__ = values

    return type(name, (_Sample,), {"__init__": __init__, "__doc__": f"A sample of {name}."})
