# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The process that measures frames: it opens the Butler once, and reads a request a line.

Used as a program by `~.measure.ButlerMeasuring`::

    python -m lsst.ts.dailycal.butler.measure_worker REPOSITORY

A request is the name of an image. The answer is one line of JSON, with ``measurement`` or
``error``. The process ends when its standard input does.
"""

from __future__ import annotations

__all__ = ["CONVERTER", "main", "measure"]

import contextlib
import dataclasses
import json
import os
import sys
import time
from typing import TYPE_CHECKING, TextIO

import cattrs

from ..model import ImageMeasurement, ImageName
from .images import raw_path
from .ingest import read_header
from .repository import open_repository

if TYPE_CHECKING:
    from lsst.daf.butler import Butler

CONVERTER = cattrs.Converter()
"""Turns measurements into what JSON knows, and back (`cattrs.Converter`)."""
_NICENESS = 5  # exposing and ingesting come first
_LONGEST_ERROR = 300


def measure(butler: Butler, name: ImageName) -> ImageMeasurement:
    """Measure a frame of a repository.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    name : `ImageName`
        Name of its image.

    Raises
    ------
    LookupError
        If it is not in the repository.
    OSError, ValueError
        If its file cannot be read.
    """
    from ..pipelines.measure import measure_frame
    from ..pipelines.raw.frame import open_raw

    begin = time.perf_counter()
    with raw_path(butler, name.exposure_id) as path:
        header = read_header(path)
        keys = (str(header.get(key, "")).strip() for key in ("SEQFILE", "SEQCKSUM"))
        found = measure_frame(open_raw(path), name, sequencer=" ".join(filter(None, keys)))
    return dataclasses.replace(found, seconds=round(time.perf_counter() - begin, 3))


def main() -> None:
    """Answer requests until there are no more."""
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)
    # What libraries print must not come between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    with open_repository(sys.argv[1]) as butler:
        for line in sys.stdin:
            _answer(butler, line, answers)


def _answer(butler: Butler, line: str, answers: TextIO) -> None:
    try:
        measurement = measure(butler, ImageName.parse(line.strip()))
        body = {"measurement": CONVERTER.unstructure(measurement)}
    except Exception as error:  # noqa: BLE001 - whatever Butler, file system or reader raise
        said = " ".join(f"{error}".split()) or type(error).__name__
        body = {"error": said[:_LONGEST_ERROR].rstrip(".")}
    answers.write(json.dumps(body) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
