# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the primary header of a raw frame says, translated as the observatory translates it.

The one place where headers become facts: the reader, the ingestion and the simulation use it.
"""

from __future__ import annotations

import dataclasses
import math
import warnings
from typing import TYPE_CHECKING, Any

from ...model.detector import (
    DETECTOR_NAME,
    DETECTOR_SERIALS,
    INSTRUMENT,
    INSTRUMENT_NAMES,
)
from .error import RawHeaderError
from .group import FrameGroup, frame_group, header_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from astropy.time import Time

PRIMARY = "primary header"
"""What errors call the primary header."""

_PROPERTIES = {
    "can_see_sky",
    "dark_time",
    "datetime_begin",
    "datetime_end",
    "detector_serial",
    "exposure_group",
    "exposure_id",
    "exposure_time",
    "group_counter_end",
    "group_counter_start",
    "has_simulated_content",
    "instrument",
    "object",
    "observation_counter",
    "observation_id",
    "observation_reason",
    "observation_type",
    "observing_day",
    "physical_filter",
    "science_program",
}
_REQUIRED = _PROPERTIES - {
    "can_see_sky",
    "datetime_begin",
    "datetime_end",
    "object",
    "observation_id",
}


@dataclasses.dataclass(frozen=True, slots=True)
class ExposureFacts:
    """What the header says of an exposure."""

    exposure: int
    """Exposure id: day_obs followed by five digits of seq_num; other years for controllers
    other than OCS."""
    obs_id: str | None
    """Name of the image, ``AT_O_20240624_000169``; None if the header has none."""
    physical_filter: str
    """Filter and grating, ``SDSSr_65mm~empty``."""
    group: str
    """GROUPID, or the exposure id as text."""
    day_obs: int
    """Observing day, as year, month, day."""
    seq_num: int
    """Number in the observing day."""
    seq_start: int
    """Number of the first image of the command."""
    seq_end: int
    """Number of the last image of the command."""
    exposure_time: float
    """Exposure time (second); -1 if the header has none."""
    dark_time: float
    """Time between clearing and readout (second)."""
    observation_type: str
    """Image type in small letters, "unknown" if the header has none."""
    observation_reason: str
    """Why it was taken."""
    science_program: str
    """For which program."""
    target_name: str | None
    """OBJECT; "UNKNOWN" if it is not there, None if it should be."""
    has_simulated: bool
    """Whether the controller was a simulated one."""
    can_see_sky: bool | None
    """Whether light of the sky is in it; None for not known."""
    begin: Time | None
    """Start of the exposure, TAI; None if the header has no date."""
    end: Time | None
    """End of the exposure, TAI, never before ``begin``."""
    frame_group: FrameGroup
    """What frames that are combined must have in common."""


def translate_header(header: Mapping[str, Any], path: str | Path = "header") -> ExposureFacts:
    """Translate the header of a raw frame.

    Parameters
    ----------
    header : mapping
        Keywords and values of the primary header; it is not changed.
    path : `str` or `pathlib.Path`
        Where it is from, for messages.

    Returns
    -------
    facts : `ExposureFacts`
        What the observatory would say of it.

    Raises
    ------
    RawHeaderError
        If it is the header of another instrument or detector, or if what names the exposure is
        missing or has no sense.
    """
    # 1 s of processor time; what needs no header does not pay for it.
    from astro_metadata_translator import ObservationInfo
    from astropy.utils.exceptions import AstropyWarning

    from ..latiss_translator import HeaderKeyError, LatissTranslator

    _check_detector(header, path)
    keywords = dict(header)
    # The machinery logs a warning for each property that it was asked for in vain.
    unnamed = not (header_text(header, "OBSID") or header_text(header, "IMGNAME"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)
            info = ObservationInfo(
                keywords,
                translator_class=LatissTranslator,
                subset=_PROPERTIES - ({"observation_id"} if unnamed else set()),
                required=_REQUIRED,
            )
            if info.datetime_end is None:
                # A header without dates has none; one with wrong dates says here which.
                LatissTranslator(keywords).to_datetime_end()
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, HeaderKeyError):
            cause = cause.__cause__
        if isinstance(cause, HeaderKeyError):
            raise RawHeaderError(path, cause.problem, PRIMARY, cause.key) from error
        problem = f"cannot be understood: {error.__cause__ or error}"
        raise RawHeaderError(path, problem, PRIMARY) from error
    return _facts(info, header)


def _facts(info: Any, header: Mapping[str, Any]) -> ExposureFacts:
    """Take what was asked for, and is there, from an `ObservationInfo`."""
    exposure_time = float(info.exposure_time.to_value("s"))
    return ExposureFacts(
        info.exposure_id,
        info.observation_id,
        info.physical_filter,
        info.exposure_group,
        info.observing_day,
        info.observation_counter,
        info.group_counter_start,
        info.group_counter_end,
        exposure_time,
        float(info.dark_time.to_value("s")),
        info.observation_type,
        info.observation_reason,
        info.science_program,
        info.object,
        info.has_simulated_content,
        info.can_see_sky,
        info.datetime_begin,
        info.datetime_end,
        frame_group(header, info.observation_type.upper(), exposure_time),
    )


def check_exposure_time(facts: ExposureFacts, path: str | Path) -> None:
    """Raise `RawHeaderError` if the header does not say how long the exposure was."""
    if not 0 <= facts.exposure_time < math.inf:
        said = "not there" if facts.exposure_time == -1 else f"{facts.exposure_time}"
        problem = f"the exposure time is {said}; it must be a number of seconds, 0 or more"
        raise RawHeaderError(path, problem, PRIMARY, "EXPTIME")


def _check_detector(header: Mapping[str, Any], path: str | Path) -> None:
    name = header_text(header, "INSTRUME")
    if name not in INSTRUMENT_NAMES:
        problem = f"a frame of {name or 'an instrument that is not named'}, not of {INSTRUMENT}"
        raise RawHeaderError(path, problem, PRIMARY, "INSTRUME")
    raft, _, sensor = DETECTOR_NAME.partition("_")
    for key, known in (
        ("LSST_NUM", DETECTOR_SERIALS),
        ("CCDSLOT", (sensor,)),
        ("RAFTBAY", ("R00", raft)),
    ):
        said = header_text(header, key)
        if said is not None and said not in known:
            problem = f"a frame of detector {said}; {INSTRUMENT} has {' or '.join(known)}"
            raise RawHeaderError(path, problem, PRIMARY, key)
