# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every journal says of its run."""

__all__ = ["JournalSummary"]

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class JournalSummary:
    """What a journal says of a run, whatever was carried out."""

    run_id: str
    """Id of the run."""
    status: str
    """``done``, ``failed``, ``stopped``, or ``open`` when no end is recorded."""
    begin: float
    """Time of the first record, in seconds since 1970-01-01 TAI."""
    last: float
    """Time of the last record, in seconds since 1970-01-01 TAI."""
    version: str
    """Version of ts_dailycal that began it."""

    @property
    def duration(self) -> float:
        """From the first to the last record, in seconds (`float`)."""
        return self.last - self.begin
