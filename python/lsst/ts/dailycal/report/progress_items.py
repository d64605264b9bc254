# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run under way consists of: steps of a page, images, pipeline jobs."""

__all__ = ["JOB_TIMEOUT", "ImageCounts", "JobView", "StepView"]

import dataclasses

from ..model import ImageType, JobKey
from ..page import StepStatus

JOB_TIMEOUT = 900.0
"""How long a job may take where the configuration cannot be read, in seconds."""


@dataclasses.dataclass(slots=True)
class StepView:
    """A step of the page."""

    name: str
    """Its name."""
    title: str
    """What it does."""
    planned: float
    """How long it usually takes, in seconds."""
    processing: float = 0.0
    """How much of it is waiting for pipelines after the last image, in seconds."""
    skipped: str = ""
    """Why it is not carried out; empty if it is."""
    status: StepStatus = StepStatus.NOT_REACHED
    """What became of it."""
    index: int = 0
    """Index of its script; 0 if there is none yet."""
    configuration: str = ""
    """Its configuration, as YAML text."""
    began: float | None = None
    """When it began, in seconds of the caller's clock; `None` if it has not."""
    took: float = 0.0
    """How long it took, in seconds."""
    takes_images: bool = False
    """Does it take images?"""


@dataclasses.dataclass(slots=True)
class JobView:
    """A pipeline job."""

    key: JobKey
    """Which one."""
    asked: float
    """When it was asked for, in seconds of the caller's clock."""
    accepted: float | None = None
    """When OCPS accepted it; `None` if it has not."""
    ended: float | None = None
    """When it ended; `None` if it has not."""
    succeeded: bool = False
    """Did it succeed?"""
    allowed: float = JOB_TIMEOUT
    """How long it may take from its acceptance, in seconds."""


@dataclasses.dataclass(frozen=True, slots=True)
class ImageCounts:
    """How far the images of one type are."""

    image_type: ImageType
    """Which type."""
    wanted: int
    """How many are to be taken."""
    taken: int
    """How many are read out."""
    ingested: int
    """How many are in the Butler."""
    measured: int | None
    """How many are measured; `None` where nobody measures."""
    failed: int = 0
    """How many have no image because the last attempt failed."""
