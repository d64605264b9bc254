# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of a calibration run.

::

    CalibrationError
    ├── ConfigurationError     the request cannot be carried out as written
    ├── NotReadyError          the observatory is not ready; nothing was moved
    ├── CameraError            an exposure could not be taken
    │   └── CameraFaultError   the camera left ENABLED: no further exposure can be taken
    ├── BadFramesError         frames in a row are wrong in the same way
    ├── MeasurementError       a frame could not be measured from here
    ├── IngestError            an image did not reach the Butler
    ├── JobError               a pipeline job failed or was not heard of again
    ├── StatisticsError        verification statistics are missing or cannot be read
    ├── CertificationError     a calibration could not be certified
    │   └── CertificationConflictError  another one is valid at that time
    ├── JournalError           the journal cannot be written or read
    │   └── RunBusyError       another process carries the run out
    ├── PageBusyError          another run of the procedure page is under way
    └── ComponentError         a component is not in the state that it must be in
"""

__all__ = [
    "BadFramesError",
    "CalibrationError",
    "CameraError",
    "CameraFaultError",
    "CertificationConflictError",
    "CertificationError",
    "ComparisonError",
    "ComponentError",
    "ConfigurationError",
    "IngestError",
    "JobError",
    "JournalError",
    "MeasurementError",
    "NotReadyError",
    "PageBusyError",
    "RunBusyError",
    "StatisticsError",
]

import typing
from collections.abc import Iterable

from .images import ImageName

_NO_SPACE = "No space left on device"
"""What Linux says of a full disk."""


class CalibrationError(Exception):
    """Base of all errors that an observer is meant to read.

    Parameters
    ----------
    what : `str`
        What went wrong, in one sentence: what was awaited and for how long.
    missing : `~collections.abc.Iterable` [`str`]
        Ids of what did not come.
    last_seen : `str`
        The last thing heard from whoever was waited for.
    remedy : `str`
        What a person should do now.
    """

    def __init__(
        self, what: str, *, missing: Iterable[str] = (), last_seen: str = "", remedy: str = ""
    ) -> None:
        self.what = what
        self.missing = tuple(missing)
        self.last_seen = last_seen
        self.remedy = remedy
        super().__init__(what, self.missing, last_seen, remedy)

    def __str__(self) -> str:
        parts = [self.what]
        if self.missing:
            parts.append(f"Missing: {_shorten(self.missing)}.")
        if self.last_seen:
            parts.append(f"Last seen: {self.last_seen}.")
        if self.remedy:
            parts.append(self.remedy)
        return " ".join(parts)


class ConfigurationError(CalibrationError):
    """The request cannot be carried out as it is written.

    Parameters
    ----------
    problems : `~collections.abc.Iterable` [`str`]
        Everything that is wrong, each in a sentence.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(self.problems))


class NotReadyError(ConfigurationError):
    """The observatory is not ready for the run; nothing was moved."""


class CameraError(CalibrationError):
    """An exposure could not be taken; another attempt may work."""

    image_name: ImageName | None = None
    """Name that the camera gave to the failed image; `None` if it gave none."""


class CameraFaultError(CameraError):
    """The camera left ENABLED: no further exposure can be taken."""


class BadFramesError(CalibrationError):
    """Frames in a row are wrong in the same way: the ones after them would be, too."""


class MeasurementError(CalibrationError):
    """A frame could not be measured from here, which says nothing of the frame."""


class IngestError(CalibrationError):
    """An image did not reach the Butler."""

    @classmethod
    def refused(
        cls, name: ImageName, status: int, description: str, *, last_seen: str
    ) -> typing.Self:
        """Say that ATOODS reported an error.

        Parameters
        ----------
        name : `ImageName`
            The image.
        status, description : `int`, `str`
            What it reported.
        last_seen : `str`
            How it and the header service are.
        """
        is_full = _NO_SPACE in description
        return cls(
            f"ATOODS could not ingest {name}: status {status}, {description}.",
            last_seen=last_seen,
            remedy="Make room on the disk of the raw files."
            if is_full
            else "Look at the log of ATOODS; the file itself is kept.",
        )


class JobError(CalibrationError):
    """A pipeline job failed, or was not heard of again before its deadline."""


class ComparisonError(CalibrationError):
    """A combined calibration cannot be read to be compared with another one."""


class StatisticsError(CalibrationError):
    """Verification statistics are missing or cannot be read."""


class CertificationError(CalibrationError):
    """A calibration could not be certified."""


class CertificationConflictError(CertificationError):
    """Another calibration is certified for part of the validity range."""


class JournalError(CalibrationError):
    """The journal of the run cannot be written or read."""


class RunBusyError(JournalError):
    """Another process carries the run out; two would take its frames twice."""


class ComponentError(CalibrationError):
    """A component is not in the state that it must be in."""


def _shorten(ids: tuple[str, ...], most: int = 8) -> str:
    """List ids for a sentence, without filling a screen with them."""
    shown = ", ".join(ids[:most])
    return shown if len(ids) <= most else f"{shown} and {len(ids) - most} more"


class PageBusyError(CalibrationError):
    """Another run of the page is under way."""
