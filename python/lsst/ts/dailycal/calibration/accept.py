# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accept rule: are verified exposures good enough for a calibration?"""

__all__ = ["decide"]

from ..model import Decision, ImageType, RunStatistics
from .run_config import AcceptRule

_NEVER_FAILS_AN_AMPLIFIER = ("READ_NOISE_CONSISTENT",)
"""What cp_verify lists of an amplifier that another test has failed, and fails none by itself."""


def decide(
    image_type: ImageType,
    statistics: RunStatistics,
    *,
    failure_limit: int,
    rule: AcceptRule = AcceptRule.EXPOSURES,
    n_detectors: int = 1,
) -> Decision:
    """Apply the accept rule of ``make_latiss_calibrations``.

    An exposure is bad when any one test fails at least ``failure_limit`` times for a majority of
    the detectors. The set is rejected when a majority of its exposures is bad. A majority of n
    is ``n // 2 + 1``. A test that cp_verify itself fails no amplifier for is not counted.

    Parameters
    ----------
    image_type : `ImageType`
        Which exposures.
    statistics : `RunStatistics`
        Their verification statistics.
    failure_limit : `int`
        How many amplifiers of a detector may fail one test before the detector counts.
    rule : `AcceptRule`
        With `AcceptRule.UPSTREAM` the number of exposures is one too high, because
        ts_externalscripts counts the dictionary's SUCCESS entry as well, and every test that is
        listed counts.
    n_detectors : `int`
        Number of detectors; 1 for LATISS.

    Returns
    -------
    decision : `Decision`
        The decision and the numbers that led to it.

    Raises
    ------
    ValueError
        If the rule is `AcceptRule.EVIDENCE`, which counts no exposures: see `decide_on_evidence`.
    """
    if rule is AcceptRule.EVIDENCE:
        raise ValueError("the rule evidence is applied by decide_on_evidence")
    exposures = len(statistics.exposures)
    counted = exposures + (rule is AcceptRule.UPSTREAM)
    bad_exposure_limit = counted // 2 + 1
    per_exposure = failure_limit * (n_detectors // 2 + 1)
    not_counted = () if rule is AcceptRule.UPSTREAM else _NEVER_FAILS_AN_AMPLIFIER
    counts = [(item.exposure_id, item.count_by_test()) for item in statistics.exposures]
    bad = tuple(
        exposure_id
        for exposure_id, by_test in counts
        if any(
            number >= per_exposure for test, number in by_test.items() if test not in not_counted
        )
    )
    return Decision(
        image_type=image_type,
        accepted=statistics.success or len(bad) < bad_exposure_limit,
        exposures=exposures,
        bad_exposures=bad,
        bad_exposure_limit=bad_exposure_limit,
        failure_limit=per_exposure,
        failures=tuple(
            (exposure_id, test, number)
            for exposure_id, by_test in counts
            for test, number in sorted(by_test.items())
        ),
        not_counted=not_counted,
    )
