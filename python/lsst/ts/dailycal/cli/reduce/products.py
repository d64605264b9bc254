# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that ``dailycal reduce`` writes and reads, beside raw files."""

__all__ = [
    "PRODUCTS",
    "ReducedCalibration",
    "Reduction",
    "check_output",
    "read_given",
    "write_all",
]

import dataclasses
import hashlib
import json
import os
import typing
from collections.abc import Callable, Sequence
from pathlib import Path

from ...model import Decision, ImageType
from ..errors import CommandError
from ..exit_codes import ExitCode
from .files import LeftOutFile

if typing.TYPE_CHECKING:
    from .calibrate import Given, Reduced
    from .files import RawSet


@dataclasses.dataclass(frozen=True, slots=True)
class ReducedCalibration:
    """What was made of the frames of one image type."""

    image_type: ImageType
    """Which type."""
    accepted: bool
    """May it be used?"""
    decision: Decision
    """What the accept rule made of the frames."""
    combined: tuple[int, ...]
    """Ids of the exposures that were combined."""
    verified_with: dict[str, str]
    """What was subtracted for the verification: dataset types and names of the calibrations."""
    notes: tuple[str, ...]
    """What whoever uses it should know."""
    files: dict[str, Path]
    """What was written: ``combined``, ``statistics`` and ``table``."""


@dataclasses.dataclass(frozen=True, slots=True)
class Reduction:
    """What was made of raw files."""

    day_obs: int | None
    """Observing day, e.g. 20240624; `None` if nothing could be combined."""
    setup: dict[str, str]
    """Sequencer and settings of the camera that the frames agree in, by their header keys."""
    results: tuple[ReducedCalibration, ...]
    """One an image type; empty if nothing could be combined."""
    left_out: tuple[LeftOutFile, ...]
    """The files that have no part in it."""


def _products(image_type: ImageType) -> dict[str, str]:
    kind = image_type.value.capitalize()
    return {
        "combined": f"{image_type.dataset_type}.fits",
        "statistics": f"verify{kind}Stats.yaml",
        "table": f"verify{kind}Results.ecsv",
    }


REPORT = "report.json"
"""What was done, as ``--json`` prints it."""
PRODUCTS = (*(name for kind in ImageType for name in _products(kind).values()), REPORT)
"""Names of all that may be written."""


def check_output(directory: Path, *, overwrite: bool) -> None:
    """Refuse a directory that has products in it, before anything is done.

    Raises
    ------
    CommandError
        If it has, and they are not to be overwritten, or if it is a file.
    """
    if directory.exists() and not directory.is_dir():
        raise CommandError(f"{directory} is not a directory.", ExitCode.IO)
    there = [name for name in PRODUCTS if (directory / name).exists()]
    if there and not overwrite:
        raise CommandError(
            f"{directory} has {', '.join(there)} already. Choose another --output, or --overwrite.",
            ExitCode.IO,
        )


def read_given(path: Path, image_type: ImageType) -> "Given":
    """Read a combined calibration.

    Raises
    ------
    CommandError
        If it is not there, or is none of this type.
    """
    from ...pipelines.fits_image import read_image
    from .calibrate import Given

    kind = image_type.dataset_type
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        image = read_image(path)
    except FileNotFoundError as error:
        raise CommandError(f"There is no file {path}.", ExitCode.NOT_FOUND) from error
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise CommandError(
            f"{path} cannot be read as a combined {kind}: {error}", ExitCode.IO
        ) from error
    unit = "electron" if image_type is ImageType.BIAS else "electron/s"
    if (image.kind, image.unit) != (kind, unit):
        raise CommandError(
            f"{path} is a {image.kind} in {image.unit}, not a combined {kind} in {unit}.",
            ExitCode.CONFIGURATION,
        )
    return Given(image, str(path), f"sha256:{digest}")


def write_all(
    directory: Path,
    chosen: "RawSet",
    results: "Sequence[Reduced]",
    left_out: "Sequence[LeftOutFile]",
) -> Reduction:
    """Write what was made, and what was done; remove what is there of an earlier reduction.

    Parameters
    ----------
    directory : `~pathlib.Path`
        Is made.
    chosen : `RawSet`
        The files that belong together.
    results : sequence of `Reduced`
        What was made of them; not empty.
    left_out : sequence of `LeftOutFile`
        All files that have no part in it.

    Returns
    -------
    report : `Reduction`
        Content of the report.
    """
    from ...report.plain import to_plain

    directory.mkdir(parents=True, exist_ok=True)
    for name in PRODUCTS:
        (directory / name).unlink(missing_ok=True)
    first = chosen.files[0]
    report = Reduction(
        day_obs=first.day_obs,
        setup=dict(first.frame.group.settings),
        results=tuple(
            ReducedCalibration(
                image_type=reduced.image_type,
                accepted=reduced.decision.accepted,
                decision=reduced.decision,
                combined=tuple(reduced.combined.inputs),
                verified_with=dict(reduced.verified_with),
                notes=reduced.notes,
                files=_write_products(directory, reduced),
            )
            for reduced in results
        ),
        left_out=tuple(left_out),
    )
    text = json.dumps(to_plain(report), ensure_ascii=False, indent=1) + "\n"
    _put(directory / REPORT, lambda path: path.write_text(text, encoding="utf-8"))
    return report


def _write_products(directory: Path, reduced: "Reduced") -> dict[str, Path]:
    import yaml
    from astropy.table import Table

    from ...pipelines.fits_image import write_image

    paths = {name: directory / file for name, file in _products(reduced.image_type).items()}
    text = yaml.safe_dump(reduced.statistics, sort_keys=False)
    table = Table(rows=list(reduced.rows))
    _put(paths["combined"], lambda path: write_image(path, reduced.combined))
    _put(paths["statistics"], lambda path: path.write_text(text, encoding="utf-8"))
    _put(paths["table"], lambda path: table.write(path, format="ascii.ecsv"))
    return paths


def _put(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file that has its name only when it is complete."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
