# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making a repository."""

from __future__ import annotations

__all__ = ["create_repository", "open_repository"]

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .collections import CALIB, IMAGE_STORAGE, RAW, RAW_STORAGE
from .database_url import driver_url, new_namespace

if TYPE_CHECKING:
    from lsst.daf.butler import Butler

_PIPELINES = "lsst.ts.dailycal.pipelines"
_JSON = "lsst.daf.butler.formatters.json.JsonFormatter"
_CONFIG: dict[str, Any] = {
    "storageClasses": {
        RAW_STORAGE: {"pytype": f"{_PIPELINES}.raw.RawFrame"},
        IMAGE_STORAGE: {"pytype": f"{_PIPELINES}.image.CalibImage"},
        "LatissBinned": {"pytype": "numpy.ndarray"},
    },
    "datastore": {
        "formatters": {
            RAW_STORAGE: f"{_PIPELINES}.formatters.RawFormatter",
            IMAGE_STORAGE: f"{_PIPELINES}.formatters.CalibImageFormatter",
            "LatissBinned": f"{_PIPELINES}.formatters.BinnedFormatter",
            # Read again when a run is merged; YAML would take longer than the merging.
            "verifyBiasDetStats": _JSON,
            "verifyDarkDetStats": _JSON,
            "cpDarkHits": _JSON,
        }
    },
}


def create_repository(root: str | Path, database: str | None = None) -> None:
    """Make an empty repository for LATISS.

    Parameters
    ----------
    root : `str` or `pathlib.Path`
        A directory that does not exist, or is empty.
    database : `str` or `None`
        Address of the PostgreSQL database that is to hold the registry, in a schema of its own,
        without a password; `None` for an SQLite file in ``root``.

    Raises
    ------
    FileExistsError
        If there is something already.
    """
    from lsst.daf.butler import Butler, CollectionType, Config, DatasetType

    from .instrument import Latiss

    root = Path(root)
    if root.exists() and any(root.iterdir()):
        raise FileExistsError(f"{root} is not empty; choose another place, or remove it")
    config = Config(_CONFIG)
    if database is not None:
        config["registry"] = {"db": driver_url(database), "namespace": new_namespace()}
    Butler.makeRepo(str(root), config=config)
    with Butler.from_config(str(root), writeable=True) as butler:
        Latiss().register(butler.registry)
        types: list[tuple[str, tuple[str, ...], str, bool]] = [
            ("raw", ("instrument", "exposure", "detector"), RAW_STORAGE, False),
            ("bias", ("instrument", "detector"), IMAGE_STORAGE, True),
            ("dark", ("instrument", "detector"), IMAGE_STORAGE, True),
        ]
        for name, dimensions, storage, is_calibration in types:
            butler.registry.registerDatasetType(
                DatasetType(
                    name,
                    butler.dimensions.conform(dimensions),
                    storage,
                    isCalibration=is_calibration,
                )
            )
        butler.collections.register(RAW, CollectionType.RUN)
        butler.collections.register(CALIB, CollectionType.CHAINED)


def open_repository(
    repo: str | Path, *, collections: str | None = None, writeable: bool = False
) -> Butler:
    """Open a repository.

    Parameters
    ----------
    repo : `str` or `pathlib.Path`
        Directory, configuration file, or alias of a repository.
    collections : `str` or `None`
        Collection that is searched when none is given.
    writeable : `bool`
        Whether it will be written to.

    Returns
    -------
    butler : `lsst.daf.butler.Butler`
        Is to be used in a ``with`` statement.
    """
    from lsst.daf.butler import Butler
    from sqlalchemy.exc import OperationalError

    try:
        return Butler.from_config(str(repo), collections=collections, writeable=writeable)
    except OperationalError as error:
        if writeable or "readonly database" not in str(error):
            raise
    # A writer was killed in the middle of a transaction. SQLite undoes what is there of it, but
    # only for somebody who may write; until then nobody can even read.
    with Butler.from_config(str(repo), writeable=True):
        pass
    return Butler.from_config(str(repo), collections=collections)
