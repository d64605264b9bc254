# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ingest of raw frames: from FITS headers to exposure records."""

from __future__ import annotations

__all__ = [
    "RawHeaderError",
    "count_raws",
    "exposure_record",
    "forget_raws",
    "ingest_raws",
    "read_header",
]

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..model.detector import DETECTOR_ID, INSTRUMENT
from .collections import RAW

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lsst.daf.butler import Butler


class RawHeaderError(ValueError):
    """A raw frame cannot be ingested: it has no header, or one that cannot be understood."""


def read_header(path: str | Path) -> Mapping[str, Any]:
    """Read the primary header of a raw frame.

    Nothing else of the file is looked at, as the observatory's ingestion does: one that is cut
    short is ingested, and found out by whoever reads its pixels.

    Parameters
    ----------
    path : `str` or `pathlib.Path`
        The file.

    Returns
    -------
    header : mapping
        Keywords and values.

    Raises
    ------
    RawHeaderError
        If it does not begin like a FITS file.
    """
    import warnings

    from astropy.io import fits

    try:
        with warnings.catch_warnings():
            # Of what comes after the header nobody has asked.
            warnings.simplefilter("ignore")
            return dict(fits.getheader(path))
    except (OSError, KeyError, ValueError, TypeError, fits.VerifyError) as error:
        raise RawHeaderError(f"{path} cannot be read as FITS: {error}") from error


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
        If a keyword is missing or has no sense.
    """
    try:
        return _record(header)
    except (KeyError, ValueError, TypeError) as error:
        raise RawHeaderError(f"{path}: the header cannot be understood: {error!r}") from error


def _record(header: Mapping[str, Any]) -> dict[str, Any]:
    from astropy.time import Time
    from lsst.daf.butler import Timespan

    if header["INSTRUME"] != INSTRUMENT:
        raise ValueError(f"INSTRUME is {header['INSTRUME']}, not {INSTRUMENT}")
    day_obs, seq_num = int(header["DAYOBS"]), int(header["SEQNUM"])
    if not 0 <= seq_num < 100_000:
        raise ValueError(f"SEQNUM is {seq_num}; exposure ids have five digits for it")
    begin = Time(header["DATE-BEG"], format="isot", scale="tai")
    end = Time(header["DATE-END"], format="isot", scale="tai")
    exposure_time = float(header["EXPTIME"])
    obs_type = str(header.get("IMGTYPE") or header["OBSTYPE"]).lower()
    return {
        "instrument": INSTRUMENT,
        "id": int(f"{day_obs:08d}{seq_num:05d}"),
        "obs_id": str(header["OBSID"]),
        "physical_filter": physical_filter(header),
        "group": str(header.get("GROUPID") or header["OBSID"]),
        "day_obs": day_obs,
        "seq_num": seq_num,
        "seq_start": seq_num - int(header.get("CURINDEX") or 1) + 1,
        "seq_end": seq_num - int(header.get("CURINDEX") or 1) + int(header.get("MAXINDEX") or 1),
        "exposure_time": exposure_time,
        # A dark time below the exposure time is not believed.
        "dark_time": max(float(header.get("DARKTIME") or 0), exposure_time),
        "observation_type": obs_type,
        "observation_reason": str(
            header.get("REASON") or header.get("TESTTYPE") or "unknown"
        ).lower(),
        "science_program": str(header.get("PROGRAM") or "unknown"),
        "target_name": "UNKNOWN",
        "has_simulated": False,
        "can_see_sky": False,
        "timespan": Timespan(begin, end),
    }


def physical_filter(header: Mapping[str, Any]) -> str:
    """Name the physical filter: filter and grating.

    Parameters
    ----------
    header : mapping
        Keywords of the primary header.

    Returns
    -------
    name : `str`
        FILTER~GRATING; an empty slot is "empty", and what is not known is "unknown".
    """
    names = []
    for key in ("FILTER", "GRATING"):
        name = str(header.get(key) or "unknown")
        names.append("empty" if name.startswith("empty") else name)
    return "~".join(names)


def ingest_raws(
    butler: Butler, paths: Sequence[str | Path], transfer: str = "direct"
) -> tuple[int, ...]:
    """Ingest raw frames.

    All or none: a frame that cannot be read leaves the repository as it was. A frame that is
    there already is left alone.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        A writeable Butler.
    paths : sequence of `str` or `pathlib.Path`
        The files.
    transfer : `str`
        "direct" (the file stays where it is), "copy", "move", "symlink" or "hardlink".

    Returns
    -------
    exposures : `tuple` of `int`
        Exposure ids, in the order of the paths.

    Raises
    ------
    RawHeaderError
        If a file has not the header of a LATISS frame.
    """
    from lsst.daf.butler import DatasetRef, FileDataset

    records = [exposure_record(read_header(path), path) for path in paths]
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
