# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wanted of a run: the configuration as values."""

__all__ = [
    "AcceptRule",
    "CalibrationConfig",
    "OnBadAmplifiers",
    "OnDifference",
    "OnRejection",
    "RunConfig",
    "UpstreamOptions",
]

import dataclasses
import datetime
import enum

from ..model import Certification, ImageName, ImageType, Validity


class AcceptRule(enum.StrEnum):
    """How exposures are counted when a calibration is accepted."""

    EVIDENCE = "evidence"
    """By what was measured, for each amplifier and for the set; bad exposures are left out."""
    EXPOSURES = "exposures"
    """Rejected when more than half of the exposures are bad."""
    UPSTREAM = "upstream"
    """The arithmetic of ts_externalscripts, one entry too many included."""


class OnBadAmplifiers(enum.StrEnum):
    """What becomes of a calibration with amplifiers that are bad in most exposures."""

    REFUSE = "refuse"
    """It is not certified."""
    MASK = "mask"
    """Their pixels are marked BAD in it, and the others decide."""


class OnDifference(enum.StrEnum):
    """What becomes of a calibration that is worse than the one in use."""

    WARN = "warn"
    """It is certified, with a warning."""
    REFUSE = "refuse"
    """It is not certified."""


class OnRejection(enum.StrEnum):
    """What a rejected calibration means for the script."""

    WARN = "warn"
    FAIL = "fail"


@dataclasses.dataclass(frozen=True, slots=True)
class CalibrationConfig:
    """What is wanted of one image type."""

    image_type: ImageType
    """Which type."""
    wanted: int
    """Number of images to keep."""
    minimum: int
    """Fewest images to go on with if some are lost."""
    fewest: int
    """Fewest good exposures of which a calibration may be made when bad ones are left out."""
    discarded: int
    """Number of images to take first and keep out of processing."""
    exposure_times: tuple[float, ...]
    """Exposure time of each image, the discarded ones first, in seconds."""
    failure_limit: int
    """An exposure is bad when one test fails on at least this many amplifiers of a detector."""
    generate_options: str
    """Further pipetask options for generation."""
    verify_options: str
    """Further pipetask options for verification."""
    generate_inputs: str
    """Collections to read at generation, separated by commas."""
    verify_inputs: str
    """Collections to read at verification, separated by commas."""
    given: tuple[ImageName, ...] = ()
    """Images to process instead of taking any; empty to take them."""


@dataclasses.dataclass(frozen=True, slots=True)
class UpstreamOptions:
    """Options that are accepted for compatibility and have no effect."""

    names: tuple[str, ...]
    """Those that were given a value other than their default."""


@dataclasses.dataclass(frozen=True, slots=True)
class RunConfig:
    """What is wanted of a run."""

    calibrations: tuple[CalibrationConfig, ...]
    """One entry an image type, in the order of acquisition."""
    wait_between_exposures: float
    """Time to wait after each exposure, in seconds."""
    generate: bool
    """Combine, and certify what is accepted?"""
    verify: bool
    """Verify the exposures?"""
    n_processes: int
    """Processes that a pipeline job may use."""
    begin: str | None
    """Start of the validity range, ISO 8601, TAI; `None` for that of the observing day."""
    end: str | None
    """End of the validity range, ISO 8601, TAI; `None` for that of the observing day."""
    ingest_timeout: float
    """How long an image may take from readout to the Butler, in seconds."""
    job_timeout: float
    """How long a job may take from acceptance to result, in seconds."""
    program: str
    """Program of every image; empty for none."""
    reason: str
    """Reason of every image; empty for none."""
    note: str
    """Observation note of every image; empty for none."""
    filter_name: str | int | None
    """Filter to put in the beam; `None` to leave what is there."""
    grating: str | int | None
    """Grating to put in the beam; `None` to leave what is there."""
    calib_collection: str
    """CALIBRATION collection to certify in."""
    repo: str
    """Butler repository: alias or path."""
    accept_rule: AcceptRule
    """How exposures are counted."""
    on_rejection: OnRejection
    """What a rejected calibration means for the script."""
    on_difference: OnDifference
    """What becomes of a calibration that is worse than the one in use."""
    on_bad_amplifiers: OnBadAmplifiers
    """What becomes of a calibration with amplifiers that are bad in most exposures."""
    max_masked: int
    """How many amplifiers may be masked."""
    max_attempts: int
    """How often an exposure is tried."""
    measure: bool
    """Measure and judge every frame as it comes?"""
    retake_bad: bool
    """Take a frame again that is judged bad?"""
    max_settling: int
    """How many of the first frames of a type are discarded while they settle."""
    resume: str | None
    """Id of the run to be finished; `None` for a new run."""
    without_effect: UpstreamOptions
    """Options that were given and have no effect."""

    @property
    def may_mask(self) -> int:
        """How many amplifiers may be masked in what is made (`int`)."""
        masks = self.generate and self.on_bad_amplifiers is OnBadAmplifiers.MASK
        return self.max_masked if masks else 0

    @property
    def given(self) -> tuple[ImageName, ...]:
        """Images to process instead of taking any (`tuple` [`ImageName`])."""
        return tuple(name for item in self.calibrations for name in item.given)

    @property
    def takes_images(self) -> bool:
        """Is there anything to be exposed (`bool`)?"""
        return not all(item.given for item in self.calibrations)

    @property
    def image_types(self) -> tuple[ImageType, ...]:
        """Image types, in the order of acquisition (`tuple` [`ImageType`])."""
        return tuple(calibration.image_type for calibration in self.calibrations)

    def calibration(self, image_type: ImageType) -> CalibrationConfig:
        """Return what is wanted of one image type (`CalibrationConfig`)."""
        return next(item for item in self.calibrations if item.image_type is image_type)

    def validity(self, first_day_obs: int, last_day_obs: int) -> Validity:
        """Return the validity range of a calibration made of certain exposures.

        Parameters
        ----------
        first_day_obs, last_day_obs : `int`
            Observing days of the first and the last exposure, YYYYMMDD.
        """
        return Validity(
            begin=self.begin or _noon_of(first_day_obs).isoformat(),
            end=self.end or (_noon_of(last_day_obs) + datetime.timedelta(days=1)).isoformat(),
        )

    def certification(
        self,
        image_type: ImageType,
        first_day_obs: int,
        last_day_obs: int,
        input_collection: str = "",
    ) -> Certification:
        """Return how a calibration made of certain exposures is certified.

        Parameters
        ----------
        image_type : `ImageType`
            Which calibration.
        first_day_obs, last_day_obs : `int`
            Observing days of the first and the last exposure, YYYYMMDD.
        input_collection : `str`, optional
            Where the calibration is; empty as long as it is not made.
        """
        return Certification(
            dataset_type=image_type.dataset_type,
            input_collection=input_collection,
            calib_collection=self.calib_collection,
            validity=self.validity(first_day_obs, last_day_obs),
        )


def _noon_of(day_obs: int) -> datetime.datetime:
    """Return the start of an observing day, 12:00 TAI (`datetime.datetime`)."""
    return datetime.datetime.strptime(f"{day_obs:08d}T12", "%Y%m%dT%H")
