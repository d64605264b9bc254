# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The repository port over lsst-daf-butler."""

__all__ = ["ButlerRepository"]

import asyncio
import contextlib
import os
import re
import signal
import typing
from collections.abc import Callable, Collection, Mapping, Sequence

from ..daemon_executor import DaemonExecutor
from ..forking import start_program
from ..model import (
    CalibrationError,
    CalibrationFacts,
    Certification,
    CertificationConflictError,
    CertificationError,
    ComparisonError,
    Conflict,
    ImageName,
    IngestError,
    RunStatistics,
    StatisticsError,
    Validity,
    details_dataset_type,
)
from . import certify, images, in_use, stats
from .database import said

_UNBOUNDED = "unbounded"
_ERROR_LINE = re.compile(r"(\w+\.)*\w*(Error|Exception)\b.*: \S")


class ButlerRepository:
    """Reads from a Butler in a thread, and certifies with the ``butler`` command.

    Parameters
    ----------
    repo : `str`
        The repository: alias, path or URI.
    """

    def __init__(self, repo: str) -> None:
        self._repo = repo
        self._executor = DaemonExecutor("butler")

    async def find_images(
        self, names: Collection[ImageName], timeout: float
    ) -> frozenset[ImageName]:
        """Find the images that are in the Butler."""
        by_id = {name.exposure_id: name for name in names}
        found = await self._call(
            IngestError,
            f"{self._repo} could not be searched for images",
            timeout,
            lambda: images.find_raws(self._repo, by_id),
        )
        return frozenset(by_id[exposure_id] for exposure_id in found)

    async def find_groups(
        self, group_ids: Collection[str], timeout: float
    ) -> Mapping[str, ImageName]:
        """Find the images of groups."""
        found = await self._call(
            IngestError,
            f"{self._repo} could not be searched for images",
            timeout,
            lambda: images.find_groups(self._repo, group_ids),
        )
        return {group: ImageName.parse(obs_id) for group, obs_id in found.items()}

    async def find_damaged(
        self, names: Collection[ImageName], timeout: float
    ) -> Mapping[ImageName, str]:
        """Find the images that are in the Butler and cannot be read."""
        by_id = {name.exposure_id: name for name in names}
        found = await self._call(
            IngestError,
            f"The images in {self._repo} could not be looked at",
            timeout,
            lambda: images.find_damaged(self._repo, by_id),
        )
        return {by_id[exposure_id]: reason for exposure_id, reason in found.items()}

    async def read_statistics(
        self, collection: str, dataset_type: str, timeout: float
    ) -> RunStatistics:
        """Read the statistics that a verification job wrote."""
        raw, details = await self._call(
            StatisticsError,
            f"{dataset_type} could not be read from {collection} in {self._repo}",
            timeout,
            lambda: stats.read_run(
                self._repo, collection, dataset_type, details_dataset_type(dataset_type)
            ),
        )
        return RunStatistics.parse(raw, details)

    async def read_calibration(
        self,
        collections: Sequence[str],
        dataset_type: str,
        moment: str,
        timeout: float,
        but_not: str = "",
    ) -> CalibrationFacts | None:
        """Measure the first calibration that some collections have, from its file."""
        found: CalibrationFacts | None = await self._call(
            ComparisonError,
            f"{dataset_type} of {', '.join(collections)} could not be read from {self._repo}",
            timeout,
            lambda: in_use.read_calibration(self._repo, collections, dataset_type, moment, but_not),
        )
        return found

    async def has_calibration(
        self, collections: Sequence[str], dataset_type: str, moment: str, timeout: float
    ) -> bool:
        """Tell whether some collections have a calibration that is valid at a moment."""
        found: bool = await self._call(
            IngestError,
            f"{self._repo} could not be searched for a {dataset_type}",
            timeout,
            lambda: in_use.has_calibration(self._repo, collections, dataset_type, moment),
        )
        return found

    async def has_output(self, collection: str, dataset_type: str, timeout: float) -> bool:
        """Tell whether a job wrote its last dataset."""
        return bool(
            await self._call(
                StatisticsError,
                f"{collection} in {self._repo} could not be searched",
                timeout,
                lambda: stats.has_dataset(self._repo, collection, dataset_type),
            )
        )

    async def find_conflicts(
        self, certification: Certification, timeout: float
    ) -> Sequence[Conflict]:
        """Find the calibrations that are certified for part of a validity range."""
        found = await self._call(
            CertificationError,
            f"{certification.calib_collection} in {self._repo} could not be searched",
            timeout,
            lambda: certify.find_conflicts(
                self._repo,
                certification.calib_collection,
                certification.dataset_type,
                certification.validity.begin,
                certification.validity.end,
            ),
        )
        repository = await asyncio.to_thread(_name_anywhere, self._repo) if found else ""
        return [
            Conflict(
                item.dataset_type,
                item.collection,
                item.run,
                Validity(item.begin or _UNBOUNDED, item.end or _UNBOUNDED),
                repository,
            )
            for item in found
        ]

    async def certify(self, certification: Certification, timeout: float) -> None:
        """Certify a calibration with ``butler certify-calibrations``."""
        argv = certify.certify_argv(
            self._repo,
            certification.input_collection,
            certification.calib_collection,
            certification.validity.begin,
            certification.validity.end,
            certification.dataset_type,
        )
        what = (
            f"{certification.dataset_type} of {certification.input_collection} could not be "
            f"certified in {certification.calib_collection}"
        )
        # The command certifies for an empty range without a word, and nothing is valid then.
        await self._call(
            CertificationError,
            what,
            timeout,
            lambda: certify.timespan(certification.validity.begin, certification.validity.end),
        )
        code, output = await _run(argv, timeout, what)
        if code == 0:
            return
        kind = CertificationConflictError if "Conflict" in output else CertificationError
        raise kind(
            f"{what}: butler certify-calibrations ended with exit code {code}.",
            last_seen=_telling_line(output),
            remedy=f"The combined calibration is kept in {certification.input_collection}.",
        )

    async def _call(
        self,
        kind: type[CalibrationError],
        what: str,
        timeout: float,
        function: Callable[[], typing.Any],
    ) -> typing.Any:
        remedy = "Look whether the repository can be reached, and who may be holding its database."
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.get_running_loop().run_in_executor(self._executor, function)
        except TimeoutError as error:
            # Its thread may wait for a connection that is dead for hours; the next call does not.
            self._executor = DaemonExecutor("butler")
            raise kind(f"{what} within {timeout:g} s.", remedy=remedy) from error
        except CalibrationError:
            raise
        except Exception as error:  # whatever Butler, database or file system raise
            raise kind(f"{what}: {said(error)}.", remedy=remedy) from error


def _telling_line(output: str) -> str:
    """Find the line that says why a program failed: an error, if there is one, else the last.

    Errors of the database are followed by the statement and by the address of an explanation.
    """
    lines = output.strip().splitlines() or ["no output"]
    errors = [line for line in lines if _ERROR_LINE.match(line)]
    return (errors or lines)[-1][:300]


async def _run(argv: Sequence[str], timeout: float, what: str) -> tuple[int, str]:
    """Run a program to its end, or kill it with all that it started."""
    pipe, together = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
    process = await start_program(argv, stdout=pipe, stderr=together)
    assert process.stdout is not None  # noqa: S101 - asked for above
    try:
        async with asyncio.timeout(timeout):
            output = await process.stdout.read()
            code = await process.wait()
    except TimeoutError as error:
        raise CertificationError(
            f"{what} within {timeout:g} s.",
            remedy="Look whether somebody is holding the database of the repository.",
        ) from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return code, output.decode(errors="replace")


def _name_anywhere(repo: str) -> str:
    """Name a repository so that a terminal finds it that has not its index (`str`)."""
    from lsst.daf.butler import Butler

    place = Butler.get_repo_uri(repo, return_label=True)
    return str(place.ospath) if place.isLocal else repo
