# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="misc, no-untyped-call"
"""The headers of LATISS, in the terms of astro-metadata-translator.

It must come to what the observatory's own translator comes to, of every year since 2018. It
has no name, so that it does not register itself: where both are installed, the observatory's
is the one that is found.
"""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, Any

import astropy.units as u
from astro_metadata_translator import FitsTranslator, cache_translation
from astropy.time import Time, TimeDelta

from ..model.detector import DETECTOR_ID, INSTRUMENT, INSTRUMENT_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

_GROUPS_HELD_TYPES_BEFORE = Time("2019-11-11T00:00:00", scale="tai")
_OBJECTS_WERE_TESTS_BEFORE = Time("2020-01-28T00:00:00", scale="tai")
ENDS_ARE_WRONG_BEFORE = Time("2020-02-01T00:00:00", scale="tai")
"""Until then DATE-END was not when the exposure ended (`~astropy.time.Time`)."""
_NO_DATE_BEFORE = Time("1971-01-01T00:00:00", scale="tai")

# Controller: years that are added to the exposure id, up to which observing day.
_CONTROLLERS = {
    "O": (0, 0),
    "C": (1000, 20231004),
    "H": (2000, 99999999),
    "P": (3000, 20250417),
    "Q": (4000, 20250417),
    "S": (5000, 20250417),
}
_SIMULATED = "HPQS"
_TYPES = ("bias", "dark", "flat", "object", "engtest", "science", "flush")
_NAME = re.compile(r"[A-Z]{2}_[A-Z]_(\d{8})_(\d{1,6})")
_SCALES = ("tai", "utc")
_SEQ_NUM_END = 100_000


class HeaderKeyError(KeyError):
    """A keyword is missing, or its value has no sense.

    Parameters
    ----------
    key : `str`
        The keyword.
    problem : `str`
        What is wrong with it.
    """

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(key, problem)
        self.key = key
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.key}: {self.problem}"


class LatissTranslator(FitsTranslator):
    """Headers of LATISS, since 2018."""

    supported_instrument = INSTRUMENT
    _const_map = {  # noqa: RUF012 - as the machinery wants it
        "telescope": "Rubin Auxiliary Telescope",
        "detector_num": DETECTOR_ID,
        "detector_name": "S00",
        "detector_group": "RXX",
        "detector_unique_name": "RXX_S00",
    }
    _trivial_map = {  # noqa: RUF012
        "detector_serial": ("LSST_NUM", {"default": "unknown"}),
    }

    @classmethod
    def can_translate(cls, header: Mapping[str, Any], filename: str | None = None) -> bool:
        """Say whether a header is one of LATISS."""
        return str(header.get("INSTRUME", "")).strip() in INSTRUMENT_NAMES

    @cache_translation
    def to_instrument(self) -> str:
        """Give the name of today; until 2019 it was LSST_ATISS."""
        if not self.can_translate(self._header):
            raise HeaderKeyError("INSTRUME", f"it is not one of {', '.join(INSTRUMENT_NAMES)}")
        return INSTRUMENT

    @cache_translation
    def to_observation_id(self) -> str:
        """Give the name of the image."""
        name = self._text("OBSID", "IMGNAME")
        if name is None:
            raise HeaderKeyError("OBSID", "the header has no name of the image")
        return name

    @cache_translation
    def to_object(self) -> str | None:  # type: ignore[override]  # as the machinery allows
        """Give the target, of a science exposure only if it is named."""
        return self._text("OBJECT") or (
            None if self.to_observation_type() == "science" else "UNKNOWN"
        )

    @cache_translation
    def to_observing_day(self) -> int:
        """Give the observing day, of whatever says it."""
        said = self._text("DAYOBS") or self._name_part(1) or self._text("OBS-NITE")
        if said is None:
            raise HeaderKeyError("DAYOBS", "the header has no observing day")
        try:
            day = datetime.datetime.strptime(said, "%Y%m%d").replace(tzinfo=datetime.UTC)
        except ValueError:
            raise HeaderKeyError("DAYOBS", f"{said!r} is not a day as 20240624 is") from None
        return int(f"{day:%Y%m%d}")

    @cache_translation
    def to_observation_counter(self) -> int:
        """Give the number within the day."""
        said = self._text("SEQNUM") or self._name_part(2)
        if said is None:
            raise HeaderKeyError("SEQNUM", "the header has no number within the day")
        number = self._whole("SEQNUM", said)
        if not 0 <= number < _SEQ_NUM_END:
            problem = f"it is {number}; exposure ids have five digits for it"
            raise HeaderKeyError("SEQNUM", problem)
        return number

    def _controller(self) -> str:
        letter = self._text("CONTRLLR") or "O"
        if letter not in _CONTROLLERS:
            problem = f"the controller is {letter!r}; known are {', '.join(_CONTROLLERS)}"
            raise HeaderKeyError("CONTRLLR", problem)
        return letter

    @cache_translation
    def to_exposure_id(self) -> int:
        """Join day and number; controllers other than OCS have years of their own."""
        years, last_day = _CONTROLLERS[self._controller()]
        day = self.to_observing_day()
        if day <= last_day:
            day += years * 10_000
        return day * _SEQ_NUM_END + self.to_observation_counter()

    @cache_translation
    def to_visit_id(self) -> int:
        """Give the exposure id: a visit has one exposure."""
        return self.to_exposure_id()

    @cache_translation
    def to_detector_exposure_id(self) -> int:
        """Give the exposure id: there is one detector."""
        return self.to_exposure_id()

    @cache_translation
    def to_has_simulated_content(self) -> bool:
        """Say whether the controller was simulated."""
        return self._controller() in _SIMULATED

    @cache_translation
    def to_exposure_group(self) -> str:
        """Give the group; what is only an image type is no group."""
        group = self._text("GROUPID")
        if group is None or (group == self._type_in_group()):
            return str(self.to_exposure_id())
        return group

    @cache_translation
    def to_group_counter_start(self) -> int:
        """Count back to the first image of the command."""
        index = self._text("CURINDEX")
        return self.to_observation_counter() - (
            0 if index is None else self._whole("CURINDEX", index) - 1
        )

    @cache_translation
    def to_group_counter_end(self) -> int:
        """Count on to the last image of the command."""
        total = self._text("MAXINDEX")
        count = 1 if total is None else self._whole("MAXINDEX", total)
        return self.to_group_counter_start() + count - 1

    @cache_translation
    def to_observation_type(self) -> str:
        """Give the image type; OBJECT is a science image, or was a test at first."""
        said = self._text("OBSTYPE", "IMGTYPE") or self._type_in_group() or "unknown"
        kind = said.lower()
        if kind == "object":
            return "engtest" if self._is_before(_OBJECTS_WERE_TESTS_BEFORE) else "science"
        return kind

    def _type_in_group(self) -> str | None:
        """Find the image type in GROUPID, where it stood in 2019."""
        if self._text("OBSTYPE", "IMGTYPE") or not self._is_before(_GROUPS_HELD_TYPES_BEFORE):
            return None
        word = (self._text("GROUPID") or "").partition("_")[0]
        return word if word.lower() in _TYPES else None

    @cache_translation
    def to_observation_reason(self) -> str:
        """Say why it was taken."""
        said = self._text("REASON", "TESTTYPE")
        return said.lower() if said else super().to_observation_reason()

    @cache_translation
    def to_science_program(self) -> str:
        """Say for which program it was taken."""
        return self._text("PROGRAM") or "unknown"

    @cache_translation
    def to_physical_filter(self) -> str:
        """Join filter and grating."""
        names = []
        for key in ("FILTER", "GRATING"):
            if not self.is_key_ok(key):
                names.append("unknown")
                continue
            name = str(self._header[key]).strip()
            names.append("empty" if not name or re.fullmatch(r"empty(_\d+)?", name) else name)
        return "~".join(names)

    @cache_translation
    def to_exposure_time(self) -> u.Quantity:
        """Give the exposure time asked for; SHUTTIME has never been right."""
        said = self._text("EXPTIME")
        return (-1.0 if said is None else self._number("EXPTIME", said)) * u.s

    @cache_translation
    def to_dark_time(self) -> u.Quantity:
        """Give the dark time, which cannot be below the exposure time."""
        exposure_time = self.to_exposure_time()
        said = self._text("DARKTIME")
        if said is None:
            return exposure_time
        return max(self._number("DARKTIME", said) * u.s, exposure_time)

    @cache_translation
    def to_datetime_begin(self) -> Time | None:
        """Give the start (TAI); a clock that stood at its beginning is not believed."""
        begin = self._date("DATE-BEG", "MJD-BEG") or self._date("DATE-OBS", "MJD-OBS")
        if begin is not None and begin < _NO_DATE_BEFORE:
            begin = self._date("DATE", "MJD")
        return begin

    @cache_translation
    def to_datetime_end(self) -> Time | None:
        """Give the end (TAI), of the exposure time where DATE-END is not believed."""
        begin = self.to_datetime_begin()
        if begin is None:
            return None
        end = None
        if not begin < ENDS_ARE_WRONG_BEFORE:
            end = self._date("DATE-END", "MJD-END")
        if end is None or end < _NO_DATE_BEFORE:
            end = begin + TimeDelta(self.to_exposure_time().to_value(u.s), format="sec")
        return max(begin, end)

    def _date(self, key: str, mjd_key: str) -> Time | None:
        """Read a date in the time system that the header says; TAI if it says none."""
        scale = (self._text("TIMESYS") or "TAI").lower()
        if scale not in _SCALES:
            problem = f"the time system is {scale.upper()}; known are TAI and UTC"
            raise HeaderKeyError("TIMESYS", problem)
        if self._text(key) is None:
            # A blank one would be taken for a date.
            key = mjd_key
        try:
            if key == mjd_key:
                date = self._from_fits_date("", mjd_key, scale)
            else:
                date = self._from_fits_date(key, None, scale)
        except (ValueError, TypeError) as error:
            problem = f"{self._header[key]!r} is not a date: {error}"
            raise HeaderKeyError(key, problem) from error
        return None if date is None else date.tai

    def _is_before(self, date: Time) -> bool:
        begin = self.to_datetime_begin()
        return begin is not None and bool(begin < date)

    def _text(self, *keys: str) -> str | None:
        """Give the first value that is defined and not blank, as text."""
        for key in keys:
            if self.is_key_ok(key) and (text := str(self._header[key]).strip()):
                return text
        return None

    def _name_part(self, part: int) -> str | None:
        match = _NAME.fullmatch(self._text("OBSID", "IMGNAME") or "")
        return match[part] if match else None

    @staticmethod
    def _number(key: str, said: str) -> float:
        try:
            return float(said)
        except ValueError:
            raise HeaderKeyError(key, f"{said!r} is not a number") from None

    @staticmethod
    def _whole(key: str, said: str) -> int:
        try:
            return int(said)
        except ValueError:
            raise HeaderKeyError(key, f"{said!r} is not a whole number") from None
