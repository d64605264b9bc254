# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that happens in a run: one small record each.

The journal is a list of these records, and all that shows a run (script log, progress bar,
report) is a view of them.
"""

__all__ = [
    "AmplifiersGivenUp",
    "Certified",
    "CombinationNoted",
    "Compared",
    "Decided",
    "Event",
    "ExposureAsked",
    "ExposureFailed",
    "ExposureTaken",
    "ImageDamaged",
    "ImageIngested",
    "ImageLost",
    "ImageMeasured",
    "ImageUnclaimed",
    "JobAbandoned",
    "JobAsked",
    "JobFinished",
    "JobSubmitted",
    "Message",
    "Resumed",
    "RunEnded",
    "RunStarted",
]

import dataclasses

from .calibration_facts import Comparison
from .combination import CombinationNoted
from .decisions import Certification, Decision
from .images import Image, ImageName, ImageTags, ImageType, PlannedExposure
from .jobs import JobKey, JobRequest, JobResult
from .measurement import FrameTrouble, FrameVerdict, ImageMeasurement
from .outcomes import RunOutcome


@dataclasses.dataclass(frozen=True, slots=True)
class RunStarted:
    """The plan of the run; always the first record."""

    run_id: str
    """Id of the run."""
    config: str
    """The configuration as given, as YAML text."""
    exposures: tuple[PlannedExposure, ...]
    """The exposures to be taken, in order."""
    jobs: tuple[JobKey, ...]
    """The jobs to be run."""
    tags: ImageTags
    """What goes into the headers."""
    version: str
    """Version of ts_dailycal that wrote the journal."""
    versions: tuple[tuple[str, str], ...] = ()
    """Name and version of what the script ran with; empty in older journals."""


@dataclasses.dataclass(frozen=True, slots=True)
class Resumed:
    """Another process took the run up again."""

    tags: ImageTags
    """What goes into the headers of the images taken from here on."""


@dataclasses.dataclass(frozen=True, slots=True)
class ExposureAsked:
    """The camera is about to be asked for an exposure."""

    planned: PlannedExposure
    """The exposure."""
    attempt: int
    """Number of the attempt, from 1."""
    group_id: str
    """Group id of this attempt alone, by which the image can be found after a crash."""


@dataclasses.dataclass(frozen=True, slots=True)
class ExposureTaken:
    """The camera read an image out."""

    image: Image
    """The image."""


@dataclasses.dataclass(frozen=True, slots=True)
class ExposureFailed:
    """An attempt to take an exposure failed."""

    planned: PlannedExposure
    """The exposure."""
    attempt: int
    """Number of the attempt, from 1."""
    reason: str
    """What went wrong."""
    image_name: ImageName | None = None
    """Name that the camera gave to the failed image; `None` if it gave none."""


@dataclasses.dataclass(frozen=True, slots=True)
class ImageIngested:
    """An image is in the Butler."""

    name: ImageName
    """Its name."""


@dataclasses.dataclass(frozen=True, slots=True)
class ImageLost:
    """An image did not reach the Butler."""

    name: ImageName
    """Its name."""
    reason: str
    """Why."""


@dataclasses.dataclass(frozen=True, slots=True)
class ImageDamaged:
    """An image is in the Butler, and its file cannot be used: a job failed on it."""

    name: ImageName
    """Its name."""
    reason: str
    """What is wrong with it."""


@dataclasses.dataclass(frozen=True, slots=True)
class ImageMeasured:
    """A frame was measured and judged.

    A frame may have more than one such record: the frames after it may show that it, and not
    they, is the odd one. The last one counts.
    """

    name: ImageName
    """Name of the image."""
    verdict: FrameVerdict
    """What the rule says of it."""
    troubles: tuple[FrameTrouble, ...] = ()
    """What is wrong with it; for one that is unreadable, why it could not be measured."""
    rejected: bool = False
    """Is it left out of processing, and another one taken in its place?"""
    measurement: ImageMeasurement | None = None
    """What was measured; `None` for a frame that could not be, or has a record already."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """What is wrong with it, for people (`tuple` [`str`])."""
        return tuple(trouble.text for trouble in self.troubles)


@dataclasses.dataclass(frozen=True, slots=True)
class AmplifiersGivenUp:
    """Amplifiers are bad in frame after frame: they are masked, and no frame is bad for them."""

    image_type: ImageType
    """In which frames; darks are reduced with the bias, and have its masked amplifiers too."""
    amplifiers: tuple[str, ...]
    """Their names."""
    reason: str
    """What is wrong with them."""


@dataclasses.dataclass(frozen=True, slots=True)
class ImageUnclaimed:
    """An image of an attempt that was given up is in the Butler; another one is in its place."""

    name: ImageName
    """Its name."""
    group_id: str
    """Group id of the attempt."""


@dataclasses.dataclass(frozen=True, slots=True)
class JobAsked:
    """OCPS is about to be asked for a job."""

    key: JobKey
    """Which job of the run."""
    request: JobRequest
    """The arguments."""


@dataclasses.dataclass(frozen=True, slots=True)
class JobSubmitted:
    """OCPS accepted a job."""

    key: JobKey
    """Which job of the run."""
    job_id: str
    """The id that OCPS gave to it."""
    enabled_since: float | None = None
    """When OCPS had been enabled, by its own clock, in seconds since 1970-01-01 00:00:00 TAI.

    `None` if that is not known.
    """


@dataclasses.dataclass(frozen=True, slots=True)
class JobFinished:
    """A job ended."""

    key: JobKey
    """Which job of the run."""
    result: JobResult
    """How."""


@dataclasses.dataclass(frozen=True, slots=True)
class JobAbandoned:
    """A job is no longer waited for."""

    key: JobKey
    """Which job of the run."""
    job_id: str
    """The id that OCPS gave to it; empty if it gave none."""
    reason: str
    """Why."""


@dataclasses.dataclass(frozen=True, slots=True)
class Decided:
    """The accept rule was applied."""

    decision: Decision
    """Its result."""


@dataclasses.dataclass(frozen=True, slots=True)
class Compared:
    """The new calibration was compared with the one in use."""

    comparison: Comparison
    """What came of it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Certified:
    """A calibration was certified."""

    image_type: ImageType
    """Which one."""
    certification: Certification
    """What was written to the Butler."""


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """Something the observer was told."""

    level: int
    """Level of the standard module `logging`."""
    text: str
    """The message."""


@dataclasses.dataclass(frozen=True, slots=True)
class RunEnded:
    """The run ended; the last record of a process that was not killed."""

    outcome: RunOutcome
    """What came of it."""


Event = (
    RunStarted
    | Resumed
    | ExposureAsked
    | ExposureTaken
    | ExposureFailed
    | ImageIngested
    | ImageLost
    | ImageDamaged
    | ImageMeasured
    | AmplifiersGivenUp
    | ImageUnclaimed
    | JobAsked
    | JobSubmitted
    | JobFinished
    | JobAbandoned
    | CombinationNoted
    | Decided
    | Compared
    | Certified
    | Message
    | RunEnded
)
"""Any record of a journal."""
