# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ingest of raw frames: from FITS headers to exposure records."""

from __future__ import annotations

__all__ = [
    "count_raws",
    "exposure_record",
    "forget_raws",
    "ingest_raws",
    "read_header",
]

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..model.detector import DETECTOR_ID, INSTRUMENT
from ..pipelines.raw.error import RawHeaderError
from ..pipelines.raw.header import PRIMARY, check_exposure_time, translate_header
from ..pipelines.raw.layout import read_layout
from ..pipelines.raw.layout import read_primary_header as read_header
from .collections import RAW

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from astropy.time import Time
    from lsst.daf.butler import Butler, Timespan

    from ..pipelines.raw.header import ExposureFacts

_ROUNDING = 0.01
"""By which an exposure may be shorter than EXPTIME, in seconds: dates have milliseconds."""
_OVERHEAD = 3600.0
"""By which it may be longer, in seconds. More is a wrong date."""


def exposure_record(header: Mapping[str, Any], path: str | Path = "header") -> dict[str, Any]:
    """Translate a LATISS header to an exposure record.

    Parameters
    ----------
    header : mapping
        Keywords of the primary header.
    path : `str` or `pathlib.Path`
        Where it is from, for messages.

    Returns
    -------
    record : `dict`
        Fields of the exposure dimension.

    Raises
    ------
    RawHeaderError
        If a keyword is missing or has no sense, or if begin, end and exposure time cannot all be
        true.
    """
    facts = translate_header(header, path)
    check_exposure_time(facts, path)
    if facts.obs_id is None:
        problem = "the header has no name of the image"
        raise RawHeaderError(path, problem, PRIMARY, "OBSID")
    return {
        "instrument": INSTRUMENT,
        "id": facts.exposure,
        "obs_id": facts.obs_id,
        "physical_filter": facts.physical_filter,
        "group": facts.group,
        "day_obs": facts.day_obs,
        "seq_num": facts.seq_num,
        "seq_start": facts.seq_start,
        "seq_end": facts.seq_end,
        "exposure_time": facts.exposure_time,
        "dark_time": facts.dark_time,
        "observation_type": facts.observation_type,
        "observation_reason": facts.observation_reason,
        "science_program": facts.science_program,
        "target_name": facts.target_name,
        "has_simulated": facts.has_simulated,
        "can_see_sky": facts.can_see_sky,
        "timespan": _timespan(facts, path),
    }


def _timespan(facts: ExposureFacts, path: str | Path) -> Timespan:
    """Give the timespan of an exposure, if there can be one.

    An empty one would be found by no query, and one that is too short hides the wrong date.
    """
    from lsst.daf.butler import Timespan

    from ..pipelines.latiss_translator import ENDS_ARE_WRONG_BEFORE

    begin, end = facts.begin, facts.end
    if begin is None or end is None:
        problem = "the header has no date, neither DATE-BEG nor DATE-OBS"
        raise RawHeaderError(path, problem, PRIMARY, "DATE-BEG")
    seconds = (end - begin).to_value("s")
    if not facts.exposure_time - _ROUNDING <= seconds <= facts.exposure_time + _OVERHEAD:
        problem = (
            f"the exposure is from {_shown(begin)} to {_shown(end)}, {seconds:.3f} s; "
            f"EXPTIME is {facts.exposure_time} s"
        )
        raise RawHeaderError(path, problem, PRIMARY, "DATE-END")
    # The ends of the first biases are not known. The Butler makes an instant a nanosecond long.
    if end <= begin and begin >= ENDS_ARE_WRONG_BEFORE:
        problem = (
            f"the timespan is empty: DATE-END is missing, or not after the begin, {_shown(begin)}"
        )
        raise RawHeaderError(path, problem, PRIMARY, "DATE-END")
    return Timespan(begin, end)


def _shown(date: Time) -> str:
    return f"{date.isot} TAI"


def ingest_raws(
    butler: Butler,
    paths: Sequence[str | Path],
    transfer: str = "direct",
    *,
    only_headers: bool = False,
) -> tuple[int, ...]:
    """Ingest raw frames.

    All or none: a frame that cannot be read leaves the repository as it was. A frame that is
    there already is left alone. No pixel is read.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        A writeable Butler.
    paths : sequence of `str` or `pathlib.Path`
        The files.
    transfer : `str`
        "direct" (the file stays where it is), "copy", "move", "symlink" or "hardlink".
    only_headers : `bool`
        Look at the primary header only, as the observatory's ingestion does? A file that is cut
        short is ingested then, and found out by whoever reads its pixels.

    Returns
    -------
    exposures : `tuple` of `int`
        Exposure ids, in the order of the paths.

    Raises
    ------
    RawHeaderError
        If a file has not the header of a LATISS frame.
    RawFrameError
        If a file is short, or its amplifiers are not those of a LATISS frame.
    """
    from lsst.daf.butler import DatasetRef, FileDataset

    records = [
        exposure_record(read_header(path) if only_headers else read_layout(path).header, path)
        for path in paths
    ]
    raw = butler.get_dataset_type("raw")
    files = []
    for path, record in zip(paths, records, strict=True):
        _insert(butler, record)
        data_id = {"instrument": INSTRUMENT, "exposure": record["id"], "detector": DETECTOR_ID}
        if butler.find_dataset(raw, data_id, collections=RAW) is None:
            ref = DatasetRef(raw, butler.registry.expandDataId(data_id), run=RAW)
            files.append(FileDataset(path=str(Path(path).absolute()), refs=[ref]))
    if files:
        butler.ingest(*files, transfer=transfer)
    return tuple(record["id"] for record in records)


def forget_raws(butler: Butler, exposures: Iterable[int]) -> None:
    """Take raw frames out of the repository; files that were ingested in place stay there.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        A writeable Butler.
    exposures : iterable of `int`
        Exposure ids; one that is not there is passed over.
    """
    found = (
        butler.find_dataset(
            "raw", instrument=INSTRUMENT, detector=DETECTOR_ID, exposure=exposure, collections=RAW
        )
        for exposure in exposures
    )
    refs = [ref for ref in found if ref is not None]
    butler.pruneDatasets(refs, disassociate=True, unstore=True, purge=True)


def _insert(butler: Butler, record: Mapping[str, Any]) -> None:
    registry = butler.registry
    with butler.transaction():
        registry.syncDimensionData(
            "physical_filter",
            {"instrument": INSTRUMENT, "name": record["physical_filter"], "band": "unknown"},
        )
        registry.syncDimensionData("day_obs", {"instrument": INSTRUMENT, "id": record["day_obs"]})
        registry.syncDimensionData("group", {"instrument": INSTRUMENT, "name": record["group"]})
        registry.syncDimensionData("exposure", dict(record))


def count_raws(repo: str | Path, exposures: Iterable[int] | None = None) -> int:
    """Count raw frames.

    Parameters
    ----------
    repo : `str` or `pathlib.Path`
        The repository.
    exposures : iterable of `int` or `None`
        Count only those of these ids; None for all.

    Returns
    -------
    count : `int`
        How many are there.
    """
    from .repository import open_repository

    with open_repository(repo) as butler:
        refs = butler.query_datasets(
            "raw", collections=RAW, instrument=INSTRUMENT, limit=None, explain=False
        )
        wanted = None if exposures is None else set(exposures)
        return sum(1 for ref in refs if wanted is None or int(ref.dataId["exposure"]) in wanted)
