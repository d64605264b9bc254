# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the live page reads from repositories; the Butler is imported where it is read."""

__all__ = ["make_frame", "read_tests"]

import typing

if typing.TYPE_CHECKING:
    from ...model.verification import TestResult


def make_frame(repository: str, exposure_id: int, kind: str, amplifier: str) -> bytes:
    """Make a picture of a raw frame; see `~lsst.ts.dailycal.butler.frame_pictures`."""
    from ...butler.frame_pictures import render_frame

    return render_frame(repository, exposure_id, kind, amplifier)


def read_tests(
    repository: str, collection: str, dataset_type: str
) -> "typing.Sequence[TestResult]":
    """Read the verification tests of a job."""
    from ...butler.archive import ButlerArchive

    return ButlerArchive(repository).read_tests(collection, dataset_type)
