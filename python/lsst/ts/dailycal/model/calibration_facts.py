# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a combined calibration is like, in few numbers, and how two of them compare."""

__all__ = [
    "SETUP_KEYS",
    "AmplifierFacts",
    "CalibrationFacts",
    "Comparison",
    "ComparisonVerdict",
]

import dataclasses
import enum

from .combination import LeftOut
from .images import ImageType

SETUP_KEYS = ("SEQNAME", "SEQFILE", "SEQCKSUM", "ODP", "AP0_RC", "TEMP_SET")
"""Header keys in which exposures and their calibrations agree: sequencer, voltages, temperature."""


@dataclasses.dataclass(frozen=True, slots=True)
class AmplifierFacts:
    """What one amplifier of a combined calibration is like."""

    name: str
    """C00 to C17."""
    patches: tuple[float, ...]
    """Medians of square parts, row by row (electron, or electron/s)."""
    patch_errors: tuple[float, ...]
    """Standard errors of these medians, in the same unit."""
    noise: float
    """Noise of a pixel, from the differences of neighbours (electron, or electron/s)."""
    hot: int
    """Number of pixels that stand out, or are marked BAD."""
    columns: tuple[float, ...] = ()
    """Medians of the columns that are read first (electron, or electron/s)."""
    column_error: float = 0.0
    """Standard error of each of these medians, in the same unit."""


@dataclasses.dataclass(frozen=True, slots=True)
class CalibrationFacts:
    """What a combined calibration is like."""

    dataset_type: str
    """``bias`` or ``dark``."""
    run: str
    """RUN collection that holds it."""
    unit: str
    """Unit of its pixels, in lower case."""
    exposures: int | None
    """How many exposures it is made of; `None` if its header does not say."""
    amplifiers: tuple[AmplifierFacts, ...]
    """One an amplifier."""
    weight: float | None = None
    """Sum of the squares of what the signals were divided by, to which the inverse square of the
    noise is proportional: for a bias the number of exposures, for a dark second**2; `None` if
    that is not known."""
    setup: tuple[tuple[str, str], ...] = ()
    """Those of `SETUP_KEYS` that its header has, and their values."""
    masked: tuple[str, ...] = ()
    """Amplifiers that its header says are marked BAD as a whole."""
    left_out: tuple[LeftOut, ...] = ()
    """Exposures that its header says combination left out."""
    notes: tuple[str, ...] = ()
    """What else its header says that whoever uses it should know."""


class ComparisonVerdict(enum.StrEnum):
    """How a new calibration compares with the one in use."""

    BETTER = "better"
    """It agrees, and has less noise or fewer hot pixels."""
    SAME = "same"
    """It agrees within the limits."""
    WORSE = "worse"
    """It differs by more than a healthy detector does from night to night."""
    OTHER_SETUP = "other setup"
    """It differs, and was taken with another sequencer, voltage or temperature."""
    NOT_COMPARED = "not compared"
    """There is none to compare with, or it cannot be compared."""


@dataclasses.dataclass(frozen=True, slots=True)
class Comparison:
    """The new calibration against the one in use."""

    image_type: ImageType
    """Which calibration."""
    verdict: ComparisonVerdict
    """How they compare."""
    against: str
    """RUN collection of the one in use; empty if there is none."""
    differences: tuple[str, ...]
    """In what they differ, and where."""
    accepted: bool
    """May the new one be certified?"""

    def __str__(self) -> str:
        against = f" against {self.against}" if self.against else ""
        return f"{self.verdict}{against}" + "".join(f"; {line}" for line in self.differences)
