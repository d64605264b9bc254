# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What texts of a configuration may hold.

They travel through ``keyValueMap`` of the camera, FITS headers, the arguments of OCPS (which end
in a shell of somebody else's) and Butler expressions, so each is held to what all of those carry.
"""

__all__ = [
    "check_collections",
    "check_header_value",
    "check_note",
    "check_options",
    "check_repository",
]

import re

_COLLECTION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(/[A-Za-z0-9_.+-]+)*")
_OPTIONS = re.compile(r"[A-Za-z0-9_.,:=/+@%\[\]{}'\" -]*")
_REPOSITORY = re.compile(r"[A-Za-z0-9_.+:/@~-]+")


def check_header_value(name: str, value: str) -> list[str]:
    """Check a value of ``keyValueMap``, where a comma or a colon would start another entry.

    Returns
    -------
    problems : `list` [`str`]
        What is wrong; empty if nothing is.
    """
    if not _is_printable_ascii(value) or any(char in value for char in ",:\\"):
        return [
            f"{name}: {value!r} would corrupt the headers. "
            "Use printable ASCII without comma, colon and backslash."
        ]
    return []


def check_note(name: str, value: str) -> list[str]:
    """Check an observation note, which becomes one header card.

    Returns
    -------
    problems : `list` [`str`]
        What is wrong; empty if nothing is.
    """
    if not _is_printable_ascii(value):
        return [f"{name}: {value!r} must be printable ASCII on one line."]
    return []


def check_options(name: str, value: str) -> list[str]:
    """Check pipetask options: no character that a shell gives a meaning to, no open quote.

    Returns
    -------
    problems : `list` [`str`]
        What is wrong; empty if nothing is.
    """
    if not _OPTIONS.fullmatch(value) or value.count("'") % 2 or value.count('"') % 2:
        return [
            f"{name}: {value!r} is not a list of pipetask options. "
            "Use letters, digits, balanced quotes and _.,:=/+@%[]{}-."
        ]
    return []


def check_collections(name: str, value: str, most: int | None = None) -> list[str]:
    """Check collection names that are separated by commas.

    Returns
    -------
    problems : `list` [`str`]
        What is wrong; empty if nothing is.
    """
    parts = [part.strip() for part in value.split(",")]
    problems = []
    if most is not None and len(parts) > most:
        problems.append(f"{name}: {value!r} must name at most {most} collection.")
    for part in parts:
        if not _COLLECTION.fullmatch(part) or ".." in part.split("/"):
            problems.append(f"{name}: {part!r} is not the name of a Butler collection.")
    return problems


def check_repository(name: str, value: str) -> list[str]:
    """Check an alias, path or URI of a Butler repository.

    Returns
    -------
    problems : `list` [`str`]
        What is wrong; empty if nothing is.
    """
    if not _REPOSITORY.fullmatch(value) or value.startswith("-"):
        return [f"{name}: {value!r} is neither an alias nor a path of a Butler repository."]
    return []


def _is_printable_ascii(value: str) -> bool:
    return value.isascii() and value.isprintable()
