# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Butler repository, as the engine needs it."""

__all__ = ["Repository"]

import typing
from collections.abc import Collection, Mapping, Sequence

from ..model import CalibrationFacts, Certification, Conflict, ImageName, RunStatistics


class Repository(typing.Protocol):
    """Reads verification statistics and certifies calibrations."""

    async def find_images(
        self, names: Collection[ImageName], timeout: float
    ) -> frozenset[ImageName]:
        """Find the images that are in the Butler, for those whose ingestion nobody heard of.

        Raises
        ------
        IngestError
            If the repository cannot be read within ``timeout`` seconds.
        """
        ...

    async def find_groups(
        self, group_ids: Collection[str], timeout: float
    ) -> Mapping[str, ImageName]:
        """Find the images of groups, for exposures of which nobody heard a name.

        Returns
        -------
        found : `~collections.abc.Mapping` [`str`, `ImageName`]
            The image of each group that has one in the Butler.

        Raises
        ------
        IngestError
            If the repository cannot be read within ``timeout`` seconds.
        """
        ...

    async def find_damaged(
        self, names: Collection[ImageName], timeout: float
    ) -> Mapping[ImageName, str]:
        """Find the images that are in the Butler and cannot be read.

        Returns
        -------
        damaged : `~collections.abc.Mapping` [`ImageName`, `str`]
            What is wrong with each of them.

        Raises
        ------
        IngestError
            If the repository cannot be read within ``timeout`` seconds.
        """
        ...

    async def read_statistics(
        self, collection: str, dataset_type: str, timeout: float
    ) -> RunStatistics:
        """Read the statistics that a verification job wrote.

        Raises
        ------
        StatisticsError
            If they are not there, cannot be read, or not within ``timeout`` seconds.
        """
        ...

    async def read_calibration(
        self,
        collections: Sequence[str],
        dataset_type: str,
        moment: str,
        timeout: float,
        but_not: str = "",
    ) -> CalibrationFacts | None:
        """Measure the first calibration that some collections have, from its file.

        A certified one must be valid at ``moment`` (ISO 8601, TAI), or is the last before it.
        Collections that do not exist, and what is in the RUN collection ``but_not``, are passed
        over.

        Raises
        ------
        ComparisonError
            If its file cannot be read, or not within ``timeout`` seconds.
        """
        ...

    async def has_calibration(
        self, collections: Sequence[str], dataset_type: str, moment: str, timeout: float
    ) -> bool:
        """Tell whether some collections have a calibration that is valid at a moment.

        ``moment`` is ISO 8601, TAI; collections that do not exist are passed over.

        Raises
        ------
        IngestError
            If the repository cannot be read within ``timeout`` seconds.
        """
        ...

    async def has_output(self, collection: str, dataset_type: str, timeout: float) -> bool:
        """Tell whether a RUN collection holds the last dataset of a job whose result nobody heard.

        Raises
        ------
        StatisticsError
            If the repository cannot be read within ``timeout`` seconds.
        """
        ...

    async def find_conflicts(
        self, certification: Certification, timeout: float
    ) -> Sequence[Conflict]:
        """Find the calibrations that are certified for part of a validity range.

        ``certification.input_collection`` is not looked at.

        Raises
        ------
        CertificationError
            If the repository cannot be read within ``timeout`` seconds.
        """
        ...

    async def certify(self, certification: Certification, timeout: float) -> None:
        """Certify a calibration.

        Raises
        ------
        CertificationConflictError
            If another one is valid in part of the range.
        CertificationError
            If it does not work, or not within ``timeout`` seconds.
        """
        ...
