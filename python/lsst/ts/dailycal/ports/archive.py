# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report reads from the repository when a run is over."""

__all__ = ["Archive", "ArchivedCalibration"]

import dataclasses
import typing
from collections.abc import Mapping, Sequence

from ..model import CalibrationFacts
from ..model.verification import TestResult

if typing.TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True, slots=True)
class ArchivedCalibration:
    """A combined calibration as its file has it."""

    facts: CalibrationFacts
    """What it is like."""
    pixels: "NDArray[np.float32]"
    """The assembled image, (height, width), in the unit that the facts name."""


class Archive(typing.Protocol):
    """Reads what jobs left behind. Everything blocks."""

    def read_tests(self, collection: str, dataset_type: str) -> Sequence[TestResult]:
        """Read the result of every verification test of a job.

        Raises
        ------
        StatisticsError
            If it is not there, or laid out otherwise.
        """
        ...

    def read_image(
        self, collections: Sequence[str], dataset_type: str, moment: str, but_not: str = ""
    ) -> ArchivedCalibration | None:
        """Read the first calibration that some collections have; `None` if there is none.

        Parameters are those of `Repository.read_calibration`.

        Raises
        ------
        ComparisonError
            If its file cannot be read.
        """
        ...

    def read_versions(self, run: str) -> Mapping[str, str]:
        """Read the versions of the packages that a job ran with; empty if it wrote none down.

        Parameters
        ----------
        run : `str`
            RUN collection of the job.

        Raises
        ------
        CalibrationError
            If the repository cannot be read.
        """
        ...
