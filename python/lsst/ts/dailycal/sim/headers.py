# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Header of a raw frame: the keywords that the translation of LATISS and combination need."""

__all__ = ["HeaderCard", "HeaderContext", "make_header"]

import dataclasses
import zlib

from ..model.detector import DETECTOR_SERIAL, INSTRUMENT
from .clock import iso_from_tai, mjd_from_tai
from .conditions import ConditionReadings
from .exposures import SimulatedExposure

_SEQUENCER = "latiss_simulated_v{}.seq"


@dataclasses.dataclass(frozen=True, slots=True)
class HeaderCard:
    """One keyword of a FITS header."""

    key: str
    """Keyword."""
    value: str | int | float | None
    """Value; `None` for a keyword whose value is not defined."""
    comment: str
    """What it is, with its unit."""


@dataclasses.dataclass(frozen=True, slots=True)
class HeaderContext:
    """What the header service collects from other components."""

    conditions: ConditionReadings
    """What the instruments said when the integration started."""
    filter_name: str = "empty_1"
    """Filter in the beam."""
    grating: str = "empty_1"
    """Disperser in the beam."""
    sequencer_version: int = 1
    """Version of the sequencer file."""


def make_header(exposure: SimulatedExposure, context: HeaderContext) -> tuple[HeaderCard, ...]:
    """Make the primary header of an exposure.

    Parameters
    ----------
    exposure : `SimulatedExposure`
        The exposure.
    context : `HeaderContext`
        What else was the case.
    """
    name = exposure.name
    sequencer = _SEQUENCER.format(context.sequencer_version)
    cards: list[tuple[str, str | int | float | None, str]] = [
        ("INSTRUME", INSTRUMENT, "instrument"),
        ("TELESCOP", "LSST AuxTelescope", "telescope"),
        ("OBSID", str(name), "image name"),
        ("DAYOBS", f"{name.day_obs:08d}", "observing day, TAI minus 12 h"),
        ("SEQNUM", name.seq_num, "number in the observing day"),
        ("CONTRLLR", name.controller, "who took the image"),
        ("CAMCODE", name.source, "which camera"),
        ("IMGTYPE", exposure.image_type, "image type"),
        ("TESTTYPE", exposure.test_type or exposure.image_type, "test type"),
        ("GROUPID", exposure.group_id, "group"),
        ("PROGRAM", exposure.program or None, "program"),
        ("REASON", exposure.reason or None, "reason of the observation"),
        ("OBSANNOT", exposure.note or None, "note of the observer"),
        ("EXPTIME", exposure.exposure_time, "[s] exposure time"),
        ("DARKTIME", exposure.dark_time, "[s] clear to readout"),
        ("SHUTTIME", None, "[s] shutter open"),
        ("TIMESYS", "TAI", "time system"),
        ("DATE", iso_from_tai(exposure.end_tai), "header written"),
        ("MJD", mjd_from_tai(exposure.end_tai), "[d] header written"),
        ("DATE-OBS", iso_from_tai(exposure.begin_tai), "start of the exposure"),
        ("MJD-OBS", mjd_from_tai(exposure.begin_tai), "[d] start of the exposure"),
        ("DATE-BEG", iso_from_tai(exposure.begin_tai), "start of the exposure"),
        ("MJD-BEG", mjd_from_tai(exposure.begin_tai), "[d] start of the exposure"),
        ("DATE-END", iso_from_tai(exposure.end_tai), "end of the exposure"),
        ("MJD-END", mjd_from_tai(exposure.end_tai), "[d] end of the exposure"),
        ("FILTER", context.filter_name, "filter"),
        ("GRATING", context.grating, "disperser"),
        ("CURINDEX", exposure.index, "number in the command"),
        ("MAXINDEX", exposure.total, "images of the command"),
        ("LSST_NUM", DETECTOR_SERIAL, "detector"),
        ("DETSER", DETECTOR_SERIAL, "detector, as the maker names it"),
        ("TEMP_SET", round(context.conditions.ccd_set_point, 3), "[degC] set point of the CCD"),
        ("CCDTEMP", round(context.conditions.ccd, 3), "[degC] temperature of the CCD"),
        ("SEQNAME", sequencer, "sequencer"),
        ("SEQFILE", sequencer, "sequencer file"),
        ("SEQCKSUM", str(zlib.crc32(sequencer.encode())), "its checksum"),
        ("ODP", False, "overdepletion voltage on?"),
        ("AP0_RC", "0", "setting of the analogue chain"),
        ("TRACKSYS", "LOCAL", "tracking"),
    ]
    return tuple(HeaderCard(*card) for card in cards)
