# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the results of the verification tests are merged from exposures to runs.

The mappings that leave this module are the contents of datasets, in the layout that readers of
``verifyBiasStats`` and ``verifyDarkStats`` know.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..model.dark_fit import DarkFit
from ..model.detector import DETECTOR_NAME
from .lines import fit_line
from .verify_exposure import Stats, VerifyOptions, detector_stats

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .metrics import ExposureMetrics

RunStats = dict[int | str, Any]
"""Content of a run's statistics dataset: exposures by their integer ids, and SUCCESS."""


def exposure_stats(detectors: Mapping[str, Stats]) -> Stats:
    """Merge the detectors of one exposure.

    Parameters
    ----------
    detectors : mapping of `str` to `dict`
        Detector names and their `detector_stats`.

    Returns
    -------
    stats : `dict`
        For each detector SUCCESS and, if it failed, FAILURES ("C00 NOISE"); and SUCCESS.
    """
    merged: Stats = {}
    for name, stats in detectors.items():
        merged[name] = {"SUCCESS": stats["SUCCESS"]}
        failures = [
            f"{amplifier} {test}"
            for amplifier, verdict in stats["VERIFY"]["AMP"].items()
            if not verdict["SUCCESS"]
            for test, passed in verdict.items()
            if not passed and test != "SUCCESS"
        ]
        if failures:
            merged[name]["FAILURES"] = failures
    merged["SUCCESS"] = all(stats["SUCCESS"] for stats in detectors.values())
    return merged


def fit_darks(exposures: Mapping[int, Stats]) -> DarkFit:
    """Lay a line through the levels of each amplifier over the dark times of the exposures.

    The levels are what is left when bias and dark are subtracted; the dark's mean rate is added
    to the rate again.

    Parameters
    ----------
    exposures : mapping of `int` to `dict`
        Exposure ids and the `detector_stats` of the one detector.

    Returns
    -------
    fit : `DarkFit`
        For all amplifiers. Exposures of which nothing can be trusted have no part in it.
    """
    used = [stats for stats in exposures.values() if not stats["DET"]["FORCE_FAILURE"]]
    if not used:
        return DarkFit({})
    times = np.array([stats["DET"]["DARK_TIME"] for stats in used], np.float64)
    lines = {}
    for name in used[0]["AMP"]:
        levels = np.array([stats["METADATA"]["LEVEL"][name] for stats in used], np.float64)
        # The pixels of an amplifier are so many that the wander of the level is all there is.
        line = fit_line(times, levels, np.zeros(len(times)))
        reference = used[0]["METADATA"]["DARK_RATE"][name]
        rate = line.rate + (reference if math.isfinite(reference) else 0.0)
        lines[name] = dataclasses.replace(line, rate=rate, reference_rate=reference)
    return DarkFit(lines)


def run_stats(exposures: Mapping[int, Stats], darks: DarkFit | None = None) -> RunStats:
    """Merge the exposures of a run.

    Parameters
    ----------
    exposures : mapping of `int` to `dict`
        Exposure ids and their `exposure_stats`.
    darks : `DarkFit` or `None`
        For darks, the lines of `fit_darks`.

    Returns
    -------
    stats : `dict`
        For each exposure SUCCESS and, if it failed, FAILURES ("RXX_S00 C00 NOISE"); SUCCESS; and
        for darks RUN, laid out as `DarkFit` says.
    """
    merged: RunStats = {}
    for exposure, stats in sorted(exposures.items()):
        merged[exposure] = {"SUCCESS": stats["SUCCESS"]}
        failures = [
            f"{name} {failure}"
            for name, detector in stats.items()
            if name != "SUCCESS"
            for failure in detector.get("FAILURES", ())
        ]
        if failures:
            merged[exposure]["FAILURES"] = failures
    merged["SUCCESS"] = all(stats["SUCCESS"] for stats in exposures.values())
    if darks is not None:
        # SUCCESS is for readers that take every key but SUCCESS for an exposure.
        merged["RUN"] = {"SUCCESS": True, "DARK_FIT": {DETECTOR_NAME: darks.to_dict()}}
    return merged


def stats_of_run(
    exposures: Iterable[ExposureMetrics],
    options: VerifyOptions | None = None,
    *,
    with_corner: bool = True,
) -> RunStats:
    """Test and merge a whole run of the one detector that there is.

    Parameters
    ----------
    exposures : iterable of `ExposureMetrics`
        Measurements.
    options : `VerifyOptions` or `None`
        Limits.
    with_corner : `bool`
        As for `detector_stats`.

    Returns
    -------
    stats : `dict`
        As `run_stats`.
    """
    return merge_run(details_of_run(exposures, options, with_corner=with_corner))[1]


def details_of_run(
    exposures: Iterable[ExposureMetrics],
    options: VerifyOptions | None = None,
    *,
    with_corner: bool = True,
) -> dict[int, Stats]:
    """Test each exposure; parameters are those of `stats_of_run`.

    Returns
    -------
    details : `dict`
        Exposure ids and their `detector_stats`.
    """
    options = options or VerifyOptions()
    return {
        metrics.exposure: detector_stats(metrics, options, with_corner=with_corner)
        for metrics in exposures
    }


def merge_run(details: Mapping[int, Stats]) -> tuple[dict[int, Stats], RunStats]:
    """Merge the one detector of all exposures upwards.

    Parameters
    ----------
    details : mapping of `int` to `dict`
        Exposure ids and their `detector_stats`.

    Returns
    -------
    exposures : `dict`
        Exposure ids and their `exposure_stats`.
    stats : `dict`
        Their `run_stats`.
    """
    exposures = {
        exposure: exposure_stats({DETECTOR_NAME: stats}) for exposure, stats in details.items()
    }
    are_darks = bool(details) and all(
        "DARK_RATE" in stats["METADATA"] for stats in details.values()
    )
    return exposures, run_stats(exposures, fit_darks(details) if are_darks else None)


def results_rows(exposure: int, detector: str, stats: Stats) -> list[Stats]:
    """Lay the measurements of one detector out as rows of a table.

    Parameters
    ----------
    exposure : `int`
        Exposure id.
    detector : `str`
        Detector name.
    stats : `dict`
        Its `detector_stats`.

    Returns
    -------
    rows : `list` of `dict`
        One for each amplifier: exposure, detector, amplifier, the measurements in lower case,
        and the tests that failed.
    """
    rows = []
    for name, measured in stats["AMP"].items():
        verdict = stats["VERIFY"]["AMP"][name]
        row: Stats = {"exposure": exposure, "detector": detector, "amplifier": name}
        row |= {key.lower(): value for key, value in measured.items()}
        row |= {key.lower(): stats["METADATA"][key][name] for key in stats["METADATA"]}
        row["failed"] = " ".join(_failed(verdict))
        rows.append(row)
    return rows


def _failed(verdict: Mapping[str, bool]) -> Sequence[str]:
    return [test for test, passed in verdict.items() if not passed and test != "SUCCESS"]
