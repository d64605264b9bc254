# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a combined calibration comes from: inputs, what was left out and why, and the rule.

It is written into the header, in the keys that the observatory's combination uses for its inputs.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
from typing import TYPE_CHECKING, Any

from ..model.combination import LeftOut
from ..model.dark_fit import AmplifierLine, DarkFit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from astropy.io.fits import Header


@dataclasses.dataclass(frozen=True, slots=True)
class CombinationInput:
    """One exposure that was combined."""

    exposure: int
    """Exposure id."""
    date: str
    """DATE-OBS or DATE-BEG of its header; empty if it has none."""
    exposure_time: float
    """Exposure time (second)."""
    scale: float
    """What its signal is divided by: 1 for a bias, the dark time (second) for a dark."""


@dataclasses.dataclass(frozen=True, slots=True)
class Provenance:
    """Where a combined calibration comes from."""

    inputs: tuple[CombinationInput, ...]
    """What was combined."""
    left_out: tuple[LeftOut, ...] = ()
    """What was not."""
    rule: str = ""
    """How values were combined, in words."""
    notes: tuple[str, ...] = ()
    """What whoever uses it should know."""
    setup: tuple[tuple[str, str], ...] = ()
    """Header keys that all inputs agree in, and their values."""
    calibrations: tuple[tuple[str, str], ...] = ()
    """Calibrations that were applied: dataset types and ids."""
    dark_fit: DarkFit | None = None
    """For a dark: signal over dark time of each amplifier."""
    versions: tuple[tuple[str, str], ...] = ()
    """Packages that made it, and their versions."""
    masked: tuple[str, ...] = ()
    """Amplifiers whose pixels are all marked BAD."""


def versions() -> tuple[tuple[str, str], ...]:
    """Say which versions are at work (`tuple` of name and version)."""
    return tuple(
        (name, importlib.metadata.version(name)) for name in ("ts-dailycal", "numpy", "astropy")
    )


MASKED_KEY = "CPP_MASKED"
"""Beginning of the header keys that name amplifiers whose pixels are all marked BAD."""

_LINE_KEYS = {
    "intercept": ("DKI", "[electron] signal at dark time 0"),
    "intercept_error": ("DKIE", "[electron] its error"),
    "rate": ("DKR", "[electron/s] mean dark current"),
    "rate_error": ("DKRE", "[electron/s] its error"),
    "nonlinearity": ("DKN", "[electron] largest distance from the line"),
    "nonlinearity_error": ("DKNE", "[electron] its error"),
}


def write_provenance(header: Header, provenance: Provenance, names: tuple[str, ...]) -> None:
    """Add provenance to a header.

    Parameters
    ----------
    header : `astropy.io.fits.Header`
        Is changed.
    provenance : `Provenance`
        What to add.
    names : `tuple` [`str`]
        Names of the amplifiers, in the order of the keys that end in a number.
    """
    for number, item in enumerate(provenance.inputs):
        header[f"HIERARCH CPP_INPUT_{number}"] = item.exposure
        header[f"HIERARCH CPP_INPUT_DATE_{number}"] = item.date
        header[f"HIERARCH CPP_INPUT_EXPT_{number}"] = item.exposure_time
        header[f"HIERARCH CPP_INPUT_SCALE_{number}"] = item.scale
    for number, left in enumerate(provenance.left_out):
        header[f"HIERARCH CPP_LEFTOUT_{number}"] = left.exposure
        header[f"HIERARCH CPP_LEFTOUT_WHY_{number}"] = left.reason
    lists: dict[str, Iterable[str]] = {
        "CPP_NOTE": provenance.notes,
        "CPP_VERSION": map(" ".join, provenance.versions),
        "CPP_CALIB": map(" ".join, provenance.calibrations),
        MASKED_KEY: provenance.masked,
    }
    for key, texts in lists.items():
        for number, text in enumerate(texts):
            header[f"HIERARCH {key}_{number}"] = text
    if provenance.rule:
        header["HIERARCH CPP_RULE"] = provenance.rule
    for key, value in provenance.setup:
        header[key] = value
    if provenance.setup:
        header["HIERARCH CPP_SETUP"] = " ".join(key for key, _ in provenance.setup)
    if provenance.dark_fit is not None:
        for number, name in enumerate(names, start=1):
            values = dataclasses.asdict(provenance.dark_fit.amplifiers[name])
            for field, (key, comment) in _LINE_KEYS.items():
                # A FITS header has no NaN: what was not measured is not there.
                if values[field] == values[field]:
                    header[f"{key}{number:02d}"] = (values[field], comment)


def read_provenance(header: Mapping[str, Any], names: tuple[str, ...]) -> Provenance:
    """Read provenance from a header, also from one that has only the ids of the inputs."""
    inputs: list[CombinationInput] = []
    while (key := f"CPP_INPUT_{(n := len(inputs))}") in header:
        inputs.append(
            CombinationInput(
                int(header[key]),
                str(header.get(f"CPP_INPUT_DATE_{n}", "")),
                float(header.get(f"CPP_INPUT_EXPT_{n}", float("nan"))),
                float(header.get(f"CPP_INPUT_SCALE_{n}", float("nan"))),
            )
        )
    setup = tuple((key, str(header[key])) for key in str(header.get("CPP_SETUP", "")).split())
    lines = {
        name: AmplifierLine(
            **{
                field: float(header.get(f"{key}{number:02d}", float("nan")))
                for field, (key, _) in _LINE_KEYS.items()
            }
        )
        for number, name in enumerate(names, start=1)
        if f"DKR{number:02d}" in header
    }
    return Provenance(
        tuple(inputs),
        read_left_out(header),
        str(header.get("CPP_RULE", "")),
        read_notes(header),
        setup,
        _pairs(header, "CPP_CALIB"),
        DarkFit(lines) if lines else None,
        _pairs(header, "CPP_VERSION"),
        read_masked(header),
    )


def read_masked(header: Mapping[str, Any]) -> tuple[str, ...]:
    """Read which amplifiers are masked (`tuple` [`str`])."""
    return tuple(str(name) for name in _numbered(header, MASKED_KEY))


def read_left_out(header: Mapping[str, Any]) -> tuple[LeftOut, ...]:
    """Read what was not combined, and why (`tuple` [`LeftOut`])."""
    return tuple(
        LeftOut(int(value), str(header.get(f"CPP_LEFTOUT_WHY_{n}", "no reason is given")))
        for n, value in enumerate(_numbered(header, "CPP_LEFTOUT"))
    )


def read_notes(header: Mapping[str, Any]) -> tuple[str, ...]:
    """Read what whoever uses it should know (`tuple` [`str`])."""
    return tuple(str(note) for note in _numbered(header, "CPP_NOTE"))


def _pairs(header: Mapping[str, Any], key: str) -> tuple[tuple[str, str], ...]:
    parts = (str(text).rpartition(" ") for text in _numbered(header, key))
    return tuple((name, value) for name, _, value in parts)


def _numbered(header: Mapping[str, Any], key: str) -> list[Any]:
    values: list[Any] = []
    while f"{key}_{len(values)}" in header:
        values.append(header[f"{key}_{len(values)}"])
    return values
