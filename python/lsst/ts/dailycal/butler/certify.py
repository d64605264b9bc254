# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certification: who is valid when, and the command that says so."""

from __future__ import annotations

__all__ = ["CertifiedRange", "certify_argv", "decertify", "find_conflicts"]

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..model.detector import DETECTOR_ID, INSTRUMENT
from .repository import open_repository

if TYPE_CHECKING:
    from lsst.daf.butler import Timespan


@dataclasses.dataclass(frozen=True, slots=True)
class CertifiedRange:
    """A calibration that is valid for some time."""

    dataset_type: str
    """bias or dark."""
    collection: str
    """The CALIBRATION collection."""
    run: str
    """The RUN that holds the calibration."""
    begin: str | None
    """Start of validity (TAI, ISO-8601); None if unbounded."""
    end: str | None
    """End of validity (TAI, ISO-8601), not included; None if unbounded."""


def find_conflicts(
    repo: str | Path, calibration_collection: str, dataset_type: str, begin: str, end: str
) -> tuple[CertifiedRange, ...]:
    """Find calibrations that stand in the way of a certification.

    Parameters
    ----------
    repo : `str` or `pathlib.Path`
        The repository.
    calibration_collection : `str`
        The CALIBRATION collection.
    dataset_type : `str`
        bias or dark.
    begin, end : `str`
        Validity range, half-open (TAI, ISO-8601).

    Returns
    -------
    conflicts : `tuple` of `CertifiedRange`
        What is valid in part of the range. None if the collection does not exist yet.

    Raises
    ------
    ValueError
        If the range is empty, a date cannot be read, or the collection is not a CALIBRATION
        collection.
    """
    from lsst.daf.butler import CollectionType, MissingCollectionError, MissingDatasetTypeError

    wanted = timespan(begin, end)
    with open_repository(repo) as butler:
        try:
            info = butler.collections.get_info(calibration_collection)
        except MissingCollectionError:
            return ()
        if info.type is not CollectionType.CALIBRATION:
            raise ValueError(
                f"{calibration_collection} is a {info.type.name} collection; calibrations can "
                "only be certified into a CALIBRATION collection"
            )
        try:
            found = butler.registry.queryDatasetAssociations(
                dataset_type, collections=[calibration_collection], flattenChains=False
            )
            return tuple(
                CertifiedRange(
                    dataset_type,
                    calibration_collection,
                    association.ref.run,
                    _iso(association.timespan, "begin"),
                    _iso(association.timespan, "end"),
                )
                for association in found
                if association.timespan is not None and association.timespan.overlaps(wanted)
            )
        except MissingDatasetTypeError:
            return ()


def _iso(span: Timespan, which: str) -> str | None:
    time = getattr(span, which)
    return None if time is None else str(time.tai.isot)


def timespan(begin: str, end: str) -> Timespan:
    """Read a validity range.

    Parameters
    ----------
    begin, end : `str`
        TAI, ISO-8601.

    Returns
    -------
    span : `lsst.daf.butler.Timespan`
        Half-open.

    Raises
    ------
    ValueError
        If a date cannot be read, or the end is not after the begin.
    """
    from astropy.time import Time
    from lsst.daf.butler import Timespan

    first, last = Time(begin, scale="tai"), Time(end, scale="tai")
    if last <= first:
        raise ValueError(f"the validity range from {begin} to {end} is empty")
    return Timespan(first, last)


def certify_argv(  # noqa: PLR0917
    repo: str | Path,
    input_collection: str,
    calib_collection: str,
    begin: str,
    end: str,
    dataset_type: str,
) -> list[str]:
    """Give the arguments of the command that certifies a calibration.

    Parameters
    ----------
    repo : `str` or `pathlib.Path`
        The repository.
    input_collection : `str`
        Where the calibration is.
    calib_collection : `str`
        The CALIBRATION collection; is made if it does not exist.
    begin, end : `str`
        Validity range, half-open (TAI, ISO-8601).
    dataset_type : `str`
        bias or dark.

    Returns
    -------
    argv : `list` of `str`
        For ``create_subprocess_exec`` or ``subprocess.run``; no shell is needed. The program is
        the ``butler`` beside this Python, or the first on the path.
    """
    beside = Path(sys.executable).parent / "butler"
    return [
        str(beside) if beside.exists() else "butler",
        "certify-calibrations",
        "--begin-date",
        begin,
        "--end-date",
        end,
        str(repo),
        input_collection,
        calib_collection,
        dataset_type,
    ]


def decertify(
    repo: str | Path, calibration_collection: str, dataset_type: str, begin: str, end: str
) -> None:
    """Take back what is certified in a range, so that something else can be.

    A calibration that is valid for longer stays valid outside the range.

    Parameters
    ----------
    repo : `str` or `pathlib.Path`
        The repository.
    calibration_collection : `str`
        The CALIBRATION collection.
    dataset_type : `str`
        bias or dark.
    begin, end : `str`
        The range, half-open (TAI, ISO-8601).
    """
    with open_repository(repo, writeable=True) as butler:
        butler.registry.decertify(
            calibration_collection,
            dataset_type,
            timespan(begin, end),
            dataIds=[{"instrument": INSTRUMENT, "detector": DETECTOR_ID}],
        )
