# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verification tests of DMTN-101 for one exposure, and how their results are written down."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .metrics import AmplifierMetrics, ExposureMetrics

Stats = dict[str, Any]
"""Content of a statistics dataset."""


@dataclasses.dataclass(frozen=True, slots=True)
class VerifyOptions:
    """Limits of the tests."""

    tolerance: float = 0.05
    """Relative difference of noises that is allowed."""
    two_sided_noise: bool = False
    """Whether NOISE also fails for too little noise, as it did until March 2023."""


def judge_amplifier(
    metrics: AmplifierMetrics, options: VerifyOptions, *, force_failure: bool = False
) -> dict[str, bool]:
    """Apply the tests to one amplifier.

    Parameters
    ----------
    metrics : `AmplifierMetrics`
        Its measurements.
    options : `VerifyOptions`
        Limits.
    force_failure : `bool`
        Whether processing of the exposure went wrong.

    Returns
    -------
    verdict : `dict` [`str`, `bool`]
        Test names and whether they pass: MEAN, NOISE, CR_NOISE, PROCESSING (only if it fails),
        SUCCESS (all of them), READ_NOISE_CONSISTENT (not part of SUCCESS; only if the overscan
        was measured). A NaN fails.

    Notes
    -----
    Sections 4.2 to 4.4 and 5.2 to 5.4 of DMTN-101.
    """
    excess = (metrics.noise - metrics.read_noise) / metrics.read_noise
    if options.two_sided_noise:
        excess = abs(excess)
    verdict = {
        "MEAN": abs(metrics.mean) < metrics.noise,
        "NOISE": excess <= options.tolerance,
        "CR_NOISE": metrics.cr_noise > 0
        and abs(metrics.noise - metrics.cr_noise) / metrics.cr_noise <= options.tolerance,
    }
    if force_failure:
        verdict["PROCESSING"] = False
    verdict["SUCCESS"] = all(verdict.values())
    if metrics.overscan_noise != 0:
        read_noise = metrics.gain * metrics.overscan_noise
        verdict["READ_NOISE_CONSISTENT"] = math.isfinite(read_noise) and (
            read_noise <= metrics.read_noise * (1 + options.tolerance)
        )
    return verdict


def detector_stats(metrics: ExposureMetrics, options: VerifyOptions, *, with_corner: bool) -> Stats:
    """Write down measurements and verdicts of one detector of one exposure.

    Parameters
    ----------
    metrics : `ExposureMetrics`
        The measurements.
    options : `VerifyOptions`
        Limits of the tests.
    with_corner : `bool`
        Whether AMP_CORNER is part of them, as for biases.

    Returns
    -------
    stats : `dict`
        With AMP, METADATA, CATALOG, DET, VERIFY and SUCCESS.
    """
    verdicts = {
        amplifier.name: judge_amplifier(amplifier, options, force_failure=metrics.force_failure)
        for amplifier in metrics.amplifiers
    }
    measured: Stats = {}
    for amplifier in metrics.amplifiers:
        measured[amplifier.name] = {
            "MEAN": amplifier.mean,
            "NOISE": amplifier.noise,
            "CR_NOISE": amplifier.cr_noise,
        }
        if with_corner:
            measured[amplifier.name]["AMP_CORNER"] = amplifier.corner
    return {
        "AMP": measured,
        "METADATA": {
            "READ_NOISE_ADU": {a.name: a.overscan_noise for a in metrics.amplifiers},
            "READ_NOISE": {a.name: a.read_noise for a in metrics.amplifiers},
            "GAIN": {a.name: a.gain for a in metrics.amplifiers},
            "LEVEL": {a.name: a.level for a in metrics.amplifiers},
        }
        | ({} if with_corner else {"DARK_RATE": {a.name: a.dark_rate for a in metrics.amplifiers}}),
        "CATALOG": {},
        "DET": {
            "COSMIC_RAYS": metrics.cosmic_rays,
            "COSMIC_RAY_PIXELS": metrics.cosmic_ray_pixels,
            "FORCE_FAILURE": metrics.force_failure,
            "DARK_TIME": metrics.dark_time,
            "TOLERANCE": options.tolerance,
        },
        "VERIFY": {"AMP": verdicts},
        "SUCCESS": all(verdict["SUCCESS"] for verdict in verdicts.values()),
    }
