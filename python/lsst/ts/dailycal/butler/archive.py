# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The archive port over lsst-daf-butler."""

__all__ = ["ButlerArchive"]

from collections.abc import Mapping, Sequence

from ..model import CalibrationError, ComparisonError, StatisticsError, details_dataset_type
from ..model.verification import TestResult, results_of_exposure
from ..ports.archive import ArchivedCalibration
from . import in_use, stats
from .repository import open_repository


class ButlerArchive:
    """Reads from a Butler what a run left there.

    Parameters
    ----------
    repo : `str`
        The repository: alias, path or URI.
    """

    def __init__(self, repo: str) -> None:
        self._repo = repo

    def read_tests(self, collection: str, dataset_type: str) -> Sequence[TestResult]:
        """Read the result of every verification test of a job."""
        name = details_dataset_type(dataset_type)
        try:
            details = stats.read_details(self._repo, collection, name)
        except Exception as error:
            raise StatisticsError(
                f"{name} could not be read from {collection} in {self._repo}: {error}."
            ) from error
        if not details:
            raise StatisticsError(f"There is no {name} in {collection} of {self._repo}.")
        return tuple(
            result
            for exposure_id, detail in sorted(details.items())
            for result in results_of_exposure(exposure_id, detail)
        )

    def read_image(
        self, collections: Sequence[str], dataset_type: str, moment: str, but_not: str = ""
    ) -> ArchivedCalibration | None:
        """Read the first calibration that some collections have."""
        try:
            found = in_use.read_file_in_use(self._repo, collections, dataset_type, moment, but_not)
            if found is None:
                return None
            run, file = found
            return ArchivedCalibration(file.measure(dataset_type, run), file.pixels)
        except Exception as error:
            raise ComparisonError(
                f"The {dataset_type} of {', '.join(collections)} could not be read from "
                f"{self._repo}: {error}."
            ) from error

    def read_versions(self, run: str) -> Mapping[str, str]:
        """Read the versions of the packages that a job ran with; empty if it wrote none down."""
        from lsst.daf.butler import MissingCollectionError, MissingDatasetTypeError

        try:
            with open_repository(self._repo) as butler:
                found = butler.find_dataset("packages", collections=[run])
                return dict(butler.get(found)) if found is not None else {}
        except (MissingCollectionError, MissingDatasetTypeError):
            return {}
        except Exception as error:
            raise CalibrationError(
                f"The versions of {run} could not be read from {self._repo}: {error}."
            ) from error
