# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decision to accept or to reject a set of exposures, and what is certified."""

__all__ = ["Certification", "Conflict", "Decision", "Validity"]

import dataclasses

from .images import ImageType


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """What the accept rule made of the verification statistics of one image type."""

    image_type: ImageType
    """Which exposures."""
    accepted: bool
    """May a calibration made of them be used?"""
    exposures: int
    """How many exposures were verified."""
    bad_exposures: tuple[int, ...]
    """Ids of the exposures that count as bad."""
    bad_exposure_limit: int
    """The set is rejected when this many exposures are bad."""
    failure_limit: int
    """An exposure is bad when one test fails this many times in it."""
    failures: tuple[tuple[int, str, int], ...] = ()
    """Exposure id, test and number of failures, for every test that failed at all."""
    not_counted: tuple[str, ...] = ()
    """Tests that make no exposure bad, however often they failed."""
    left_out: tuple[int, ...] = ()
    """Ids of bad exposures without which the others are to be combined and verified once more;
    empty if this decision is the last one."""
    bad_amplifiers: tuple[str, ...] = ()
    """Names of the amplifiers that are bad in most exposures, or all over the set."""
    reasons: tuple[str, ...] = ()
    """Why it is not accepted, or which exposures are left out and why: amplifiers, frames, and
    what to look at."""
    remarks: tuple[str, ...] = ()
    """What somebody should know although it does not stand in the way."""
    to_mask: tuple[tuple[str, str], ...] = ()
    """Names of bad amplifiers, and what is wrong with them, that are to be masked when the
    exposures are combined and verified once more; empty if this decision is the last one."""
    masked: tuple[tuple[str, str], ...] = ()
    """Names of the amplifiers that are masked in what was combined, and why: nothing else of
    them was judged."""

    @property
    def goes_on(self) -> bool:
        """Are the exposures to be combined and verified once more (`bool`)?"""
        return bool(self.left_out or self.to_mask)


@dataclasses.dataclass(frozen=True, slots=True)
class Validity:
    """Validity range of a certified calibration, half open: begin <= t < end."""

    begin: str
    """First moment, ISO 8601, TAI."""
    end: str
    """First moment after it, ISO 8601, TAI."""

    def __str__(self) -> str:
        return f"{self.begin} to {self.end} TAI"


@dataclasses.dataclass(frozen=True, slots=True)
class Certification:
    """A calibration to be certified, or that was."""

    dataset_type: str
    """``bias`` or ``dark``."""
    input_collection: str
    """Collection that the pipeline job wrote, ``u/ocps/<job id>``."""
    calib_collection: str
    """The CALIBRATION collection."""
    validity: Validity
    """When it is valid."""


@dataclasses.dataclass(frozen=True, slots=True)
class Conflict:
    """A calibration that is certified already for part of a validity range."""

    dataset_type: str
    """``bias`` or ``dark``."""
    calib_collection: str
    """The CALIBRATION collection."""
    run: str
    """RUN collection of the dataset that is in the way."""
    validity: Validity
    """Its own validity range."""
    repository: str = ""
    """The repository, as it can be named anywhere on this machine; empty if it has no name."""
