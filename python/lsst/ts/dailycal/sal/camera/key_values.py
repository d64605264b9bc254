# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The texts that ATCamera takes and gives: ``keyValueMap``, ``additionalKeys``."""

__all__ = ["make_key_value_map", "parse_additional"]

import re

from ...model import ImageTags, ImageType

_PART = re.compile(r"(?:[^\\:]|\\.?)*", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def make_key_value_map(image_type: ImageType, tags: ImageTags) -> str:
    """Make the ``keyValueMap`` of ``takeImages``.

    The values have been checked: none holds a comma, which would start another entry.
    """
    pairs = {
        "imageType": image_type.value,
        "groupId": tags.group_id,
        "testType": image_type.value,
        "stutterRows": "0",
        "stutterNShifts": "0",
        "stutterDelay": "0.0",
    }
    if tags.reason:
        pairs["reason"] = tags.reason
    if tags.program:
        pairs["program"] = tags.program
    return ", ".join(f"{key}: {value}" for key, value in pairs.items())


def parse_additional(keys: str, values: str) -> dict[str, str]:
    """Read ``additionalKeys`` and ``additionalValues``: joined by colons, escaped by backslash.

    Returns
    -------
    pairs : `dict` [`str`, `str`]
        Value of each key. What does not pair up is left out.
    """
    return dict(zip(_split(keys), _split(values), strict=False))


def _split(text: str) -> list[str]:
    """Split at the colons that no backslash makes part of a text, and take the backslashes off."""
    parts, place = [], -1
    while place < len(text):
        match = _PART.match(text, place + 1)
        assert match is not None  # noqa: S101 - it matches nothing as well
        parts.append(_ESCAPED.sub(r"\1", match[0]))
        place = match.end()
    return parts
