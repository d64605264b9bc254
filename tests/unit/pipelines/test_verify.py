# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses
import math

import numpy as np
import pytest

from lsst.ts.dailycal.pipelines.combine import combine_bias
from lsst.ts.dailycal.pipelines.cosmics import CosmicRayOptions
from lsst.ts.dailycal.pipelines.image import Mask
from lsst.ts.dailycal.pipelines.isr import correct_frame
from lsst.ts.dailycal.pipelines.metrics import AmplifierMetrics, measure_exposure
from lsst.ts.dailycal.pipelines.statistics import clipped_stdev, mean_and_stdev
from lsst.ts.dailycal.pipelines.verify import (
    exposure_stats,
    results_rows,
    run_stats,
    stats_of_run,
)
from lsst.ts.dailycal.pipelines.verify_exposure import (
    VerifyOptions,
    detector_stats,
    judge_amplifier,
)

GOOD = AmplifierMetrics("C00", 0.1, 9.1, 9.2, 0.0, 9.1, 1.1, 8.3)
ONE_SIDED = VerifyOptions()
TWO_SIDED = VerifyOptions(two_sided_noise=True)


def judged(options=ONE_SIDED, *, force_failure=False, **changes):
    metrics = dataclasses.replace(GOOD, **changes)
    return judge_amplifier(metrics, options, force_failure=force_failure)


def internal(maker, count, options):
    frames = maker.frames(count)
    bias = combine_bias(frames)
    return stats_of_run([measure_exposure(correct_frame(f, bias)) for f in frames], options)


def failures(stats, test):
    return [
        sum(text.endswith(f" {test}") for text in entry.get("FAILURES", ()))
        for exposure, entry in stats.items()
        if exposure != "SUCCESS"
    ]


def test_three_biases_fail_the_two_sided_noise_test_in_every_amplifier(maker):
    stats = internal(maker, 3, TWO_SIDED)
    assert stats["SUCCESS"] is False
    assert failures(stats, "NOISE") == [16, 16, 16]


def test_three_biases_pass_the_one_sided_noise_test(maker):
    assert failures(internal(maker, 3, ONE_SIDED), "NOISE") == [0, 0, 0]


def test_twenty_biases_pass_the_two_sided_noise_test(make_maker):
    stats = internal(make_maker(160, 160), 20, TWO_SIDED)
    assert stats["SUCCESS"] is True
    assert len(stats) == 21
    assert all(entry == {"SUCCESS": True} for key, entry in stats.items() if key != "SUCCESS")


def test_a_changed_pattern_fails_the_mean(maker):
    bias = combine_bias(maker.frames(10))
    image = correct_frame(maker.frame(extra=30.0), bias)
    stats = stats_of_run([measure_exposure(image)])
    assert failures(stats, "MEAN") == [16]


def test_cosmic_rays_do_not_count_in_cr_noise(maker):
    extra = np.zeros(maker.pattern.shape)
    extra[60:64, 60] = 20000.0  # lower row, first column: C00
    metrics = measure_exposure(correct_frame(maker.frame(extra=extra)))
    hit = next(a for a in metrics.amplifiers if a.name == "C00")
    assert metrics.cosmic_rays == 1
    assert hit.noise == pytest.approx(9.1, rel=0.05)
    assert hit.cr_noise == pytest.approx(9.1, rel=0.05)


def test_measuring_leaves_the_image_as_it_was(maker):
    extra = np.zeros(maker.pattern.shape)
    extra[60:64, 60] = 20000.0
    image = correct_frame(maker.frame(extra=extra))
    before = image.pixels.copy()
    measure_exposure(image)
    assert np.array_equal(image.pixels, before)


def test_masked_pixels_are_not_measured(maker):
    image = correct_frame(maker.frame())
    image.pixels[:10, :128] = 1e6
    image.mask[:10, :128] = Mask.BAD
    c00 = next(a for a in measure_exposure(image).amplifiers if a.name == "C00")
    assert abs(c00.mean) < 1
    assert c00.noise == pytest.approx(9.1, rel=0.05)


def test_pixels_left_out_at_either_end_and_in_between_change_nothing_of_the_others(maker):
    image = correct_frame(maker.frame())
    random = np.random.default_rng(5)
    for amplifier in image.amplifiers:
        place = amplifier.section
        part = image.mask[place.y0 : place.y1, place.x0 : place.x1]
        for rows in ((0, 1), (-1, -2), tuple(random.integers(0, part.shape[0], 2))):
            part[rows, [0, -1]] = Mask.BAD
        part[-1, -3:] = Mask.BAD
    image.pixels[image.mask != 0] = np.nan
    for amplifier, measured in zip(
        image.amplifiers, measure_exposure(image).amplifiers, strict=True
    ):
        place = amplifier.section
        part = image.pixels[place.y0 : place.y1, place.x0 : place.x1]
        values = part[np.isfinite(part)].astype(np.float64)
        assert 5 <= part.size - values.size <= 10
        assert measured.mean == pytest.approx(values.mean(), abs=1e-4)
        assert measured.noise == pytest.approx(values.std(), rel=1e-5)


def test_the_corner_is_where_readout_begins(make_maker):
    maker = make_maker(64, 64)
    image = correct_frame(maker.frame())
    image.pixels[:8, 56:64] += 1000.0  # C00 is read from its lower right
    image.pixels[120:128, 56:64] += 1000.0  # C10 from its upper right
    corners = {a.name: a.corner for a in measure_exposure(image, corner=8).amplifiers}
    bright = {name for name, value in corners.items() if value > 500}
    assert bright == {"C00", "C10"}


def test_too_many_cosmic_rays_fail_processing(maker):
    image = correct_frame(maker.frame())
    image.pixels[::9, ::9] += 5000
    metrics = measure_exposure(image, CosmicRayOptions(most_pixels=100))
    stats = detector_stats(metrics, ONE_SIDED, with_corner=True)
    assert metrics.force_failure
    assert all(v["PROCESSING"] is False for v in stats["VERIFY"]["AMP"].values())
    assert stats["SUCCESS"] is False


def test_a_saturated_exposure_fails_processing_although_it_is_flat(maker):
    image = correct_frame(maker.frame())
    image.pixels[:] = 0.0
    image.mask[:, ::50] |= Mask.SAT.value  # 2 % of it
    assert measure_exposure(image).force_failure


def test_a_hot_column_is_no_saturated_exposure(maker):
    image = correct_frame(maker.frame())
    image.mask[:, 7] |= Mask.SAT.value
    assert not measure_exposure(image).force_failure


def test_a_good_amplifier_passes_everything():
    assert judged() == {
        "MEAN": True,
        "NOISE": True,
        "CR_NOISE": True,
        "SUCCESS": True,
        "READ_NOISE_CONSISTENT": True,
    }


@pytest.mark.parametrize(
    ("changes", "options", "failed"),
    [
        ({"mean": 9.0}, ONE_SIDED, set()),
        ({"mean": -9.1}, ONE_SIDED, {"MEAN"}),
        ({"noise": 9.1 * 1.049, "cr_noise": 9.5}, ONE_SIDED, set()),
        ({"noise": 9.1 * 1.051, "cr_noise": 9.5}, ONE_SIDED, {"NOISE"}),
        ({"noise": 9.1 * 0.8, "cr_noise": 7.3}, ONE_SIDED, set()),
        ({"noise": 9.1 * 0.8, "cr_noise": 7.3}, TWO_SIDED, {"NOISE"}),
        ({"cr_noise": 9.6}, ONE_SIDED, {"CR_NOISE"}),
        ({"cr_noise": 8.6}, ONE_SIDED, {"CR_NOISE"}),
        ({"cr_noise": 0.0}, ONE_SIDED, {"CR_NOISE"}),
        ({"mean": math.nan}, ONE_SIDED, {"MEAN"}),
        ({"noise": math.nan}, ONE_SIDED, {"MEAN", "NOISE", "CR_NOISE"}),
        ({"cr_noise": math.inf}, ONE_SIDED, {"CR_NOISE"}),
    ],
)
def test_each_test_fails_at_its_limit(changes, options, failed):
    verdict = judged(options, **changes)
    tests = {"MEAN", "NOISE", "CR_NOISE"}
    assert {test for test in tests if not verdict[test]} == failed
    assert verdict["SUCCESS"] is (not failed)


def test_an_inconsistent_read_noise_is_listed_but_fails_nothing_by_itself():
    verdict = judged(overscan_noise=9.0)
    assert verdict["READ_NOISE_CONSISTENT"] is False
    assert verdict["SUCCESS"] is True
    assert judged(overscan_noise=math.nan)["READ_NOISE_CONSISTENT"] is False
    assert "READ_NOISE_CONSISTENT" not in judged(overscan_noise=0.0)


def test_processing_is_absent_unless_it_fails():
    assert "PROCESSING" not in judged()
    verdict = judged(force_failure=True)
    assert verdict["PROCESSING"] is False
    assert verdict["SUCCESS"] is False


def det(verdicts):
    return {
        "VERIFY": {"AMP": verdicts},
        "SUCCESS": all(v["SUCCESS"] for v in verdicts.values()),
    }


def test_merging_gives_the_layout_that_the_script_reads():
    good = {"MEAN": True, "NOISE": True, "SUCCESS": True, "READ_NOISE_CONSISTENT": False}
    bad = {"MEAN": True, "NOISE": False, "SUCCESS": False, "READ_NOISE_CONSISTENT": False}
    fine = exposure_stats({"RXX_S00": det({"C10": good, "C00": good})})
    failed = exposure_stats({"RXX_S00": det({"C10": good, "C00": bad})})
    assert fine == {"RXX_S00": {"SUCCESS": True}, "SUCCESS": True}
    assert failed == {
        "RXX_S00": {"SUCCESS": False, "FAILURES": ["C00 NOISE", "C00 READ_NOISE_CONSISTENT"]},
        "SUCCESS": False,
    }
    assert run_stats({2026112300002: failed, 2026112300001: fine}) == {
        2026112300001: {"SUCCESS": True},
        2026112300002: {
            "SUCCESS": False,
            "FAILURES": ["RXX_S00 C00 NOISE", "RXX_S00 C00 READ_NOISE_CONSISTENT"],
        },
        "SUCCESS": False,
    }


def test_the_table_has_a_row_for_each_amplifier(maker):
    image = correct_frame(maker.frame(extra=30.0))
    stats = detector_stats(measure_exposure(image), ONE_SIDED, with_corner=True)
    rows = results_rows(2026112300001, "RXX_S00", stats)
    assert [row["amplifier"] for row in rows] == list(stats["AMP"])
    assert {row["failed"] for row in rows} == {"MEAN"}
    assert rows[0]["noise"] == stats["AMP"]["C10"]["NOISE"]
    assert rows[0]["read_noise_adu"] == stats["METADATA"]["READ_NOISE_ADU"]["C10"]


def test_statistics_are_plain_numbers_that_any_format_can_hold(maker):
    stats = detector_stats(
        measure_exposure(correct_frame(maker.frame())), ONE_SIDED, with_corner=False
    )

    def plain(value):
        if isinstance(value, dict):
            return all(type(k) in (str, int) and plain(v) for k, v in value.items())
        return type(value) in (bool, int, float, str)

    assert plain(stats)
    assert "AMP_CORNER" not in stats["AMP"]["C00"]


def test_the_clipped_deviation_is_not_moved_by_enormous_values():
    random = np.random.default_rng(2)
    values = random.normal(3, 8, 100_000).astype(np.float32)
    clean = values.std()
    values[:300] = 1e6
    assert clipped_stdev(values) == pytest.approx(clean, rel=0.005)


def test_the_clipped_deviation_is_that_of_astropy():
    from astropy.stats import sigma_clipped_stats

    values = np.random.default_rng(2).normal(0, 9, 50_000).astype(np.float32)
    values[::100] += 400
    _, _, theirs = sigma_clipped_stats(values, sigma=5, maxiters=20, cenfunc="mean", stdfunc="std")
    assert clipped_stdev(values, iterations=20) == pytest.approx(theirs, rel=1e-5)


def test_nothing_has_no_deviation():
    nothing = np.empty(0, np.float32)
    assert math.isnan(clipped_stdev(nothing))
    assert all(math.isnan(value) for value in mean_and_stdev(nothing))
