# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing the IDL that salobj 6 reads."""

from __future__ import annotations

__all__ = ["MARKER", "SAL_VERSION", "XML_VERSION", "idl_text"]

import hashlib

from .definition import Component, Field, Topic

SAL_VERSION = "6.0.0"
"""Version of SAL whose IDL this looks like."""
XML_VERSION = "10.1.0"
"""Version of the interfaces."""
MARKER = "// Made by ts_interfaces of ts_dailycal"
"""Second line of a file that `ts_interfaces` may write over."""

_IDL_TYPES = {
    "byte": "octet",
    "int": "long",
    "unsigned int": "unsigned long",
}
_PRIVATE = (
    Field("private_revCode", "string", 1, 8, "unitless", "Revision of the topic."),
    Field("private_sndStamp", "double", 1, None, "second", "TAI when it was sent."),
    Field("private_rcvStamp", "double", 1, None, "second", "TAI when it was received."),
    Field("private_seqNum", "long", 1, None, "unitless", "Sequence number."),
    Field("private_identity", "string", 1, 128, "unitless", "Who sent it."),
    Field("private_origin", "long", 1, None, "unitless", "Process that sent it."),
)
_PRIORITY = Field("priority", "long", 1, None, "unitless", "Not used.")
_ACKCMD = Topic(
    "ackcmd",
    "Answer to a command.",
    (
        Field("ack", "long", 1, None, "unitless", "Code of the answer."),
        Field("error", "long", 1, None, "unitless", "Code of the error; 0 for none."),
        Field("result", "string", 1, 256, "unitless", "Words about it."),
        Field("identity", "string", 1, 128, "unitless", "Who sent the command."),
        Field("origin", "long", 1, None, "unitless", "Process that sent the command."),
        Field("cmdtype", "long", 1, None, "unitless", "Which command, by number."),
        Field("timeout", "double", 1, None, "second", "How long the command may take."),
    ),
)


def _quoted(text: str) -> str:
    return text.replace('"', "'")


def _type(field: Field) -> str:
    if field.string_length is not None:
        return f"string<{field.string_length}>"
    return _IDL_TYPES.get(field.type_name, field.type_name)


def _field_line(field: Field, *, private: bool = False) -> str:
    array = f"[{field.count}]" if field.count > 1 else ""
    mark = " //private" if private else ""
    metadata = f'Units="{_quoted(field.units)}",Description="{_quoted(field.description)}"'
    return f"\t  {_type(field)}\t{field.name}{array};{mark} // @Metadata=({metadata})"


def _revision(component: Component, topic: Topic) -> str:
    """Return eight letters that change whenever the shape of a topic does."""
    shape = [component.name, topic.sal_name, str(component.indexed)]
    shape += [f"{_type(field)} {field.name} {field.count}" for field in topic.fields]
    return hashlib.sha256("\n".join(shape).encode()).hexdigest()[:8]


def _topic_lines(component: Component, topic: Topic) -> list[str]:
    name = f"{topic.sal_name}_{_revision(component, topic)}"
    key = f"{component.name}ID"
    lines = [f'struct {name} {{  // @Metadata=(Description="{_quoted(topic.description)}")']
    if component.indexed:
        index = Field(key, "long", 1, None, "unitless", "Index of the component.")
        lines.append(_field_line(index, private=True))
    lines += [_field_line(field, private=True) for field in _PRIVATE]
    lines += [_field_line(field) for field in topic.fields]
    if topic.sal_name.startswith("logevent_"):
        lines.append(_field_line(_PRIORITY))
    lines.append("\t};")
    lines.append(
        f"#pragma keylist {name} {key}" if component.indexed else f"#pragma keylist {name}"
    )
    return lines


def idl_text(component: Component) -> str:
    """Return the IDL of a component.

    Parameters
    ----------
    component : `Component`
        What to write.
    """
    topics = list(component.topics)
    if any(topic.sal_name.startswith("command_") for topic in topics):
        topics.insert(0, _ACKCMD)
    lines = [
        f"// SAL_VERSION={SAL_VERSION} XML_VERSION={XML_VERSION}",
        MARKER,
        f"module {component.name} {{",
    ]
    for topic in sorted(topics, key=lambda topic: topic.sal_name):
        lines += _topic_lines(component, topic)
    lines.append("};")
    return "\n".join(lines) + "\n"
