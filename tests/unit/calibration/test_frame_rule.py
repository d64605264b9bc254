# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frame rule: healthy frames pass, odd ones are named, the first that settle are told apart."""

import dataclasses
import math
import statistics

import numpy as np
import pytest

from lsst.ts.dailycal.calibration import FrameRule, Judgement, MeasuredFrame, common_trouble, judge
from lsst.ts.dailycal.calibration.frames.limits import (
    FALSE_ALARMS,
    Reference,
    burst_limit,
    count_comparisons,
    n_sigma,
    step_limit,
)
from lsst.ts.dailycal.model import (
    AmplifierMeasurement,
    FrameTrouble,
    FrameVerdict,
    ImageMeasurement,
    ImageName,
    ImageType,
    PlannedExposure,
    TroubleKind,
)

GRID = (4, 4)
NAMES = [f"C{number:02o}" for number in range(16)]
TIMES = [5.0] * 5 + [15.0] * 2 + [30.0] * 16
DARK_RATE = 0.05  # ADU/s
COLUMNS = np.random.default_rng(9).normal(0.0, 1.5, 20)
LATE = tuple(np.roll(COLUMNS, 1))
BIAS, DARK = ImageType.BIAS, ImageType.DARK


def amplifier(random, name, offset=0.0, **changes):
    """An amplifier as a full-size frame of noise 8 ADU gives it."""
    errors = {"level_error": 0.06, "region_error": 0.11, "noise_error": 0.002}
    fields = {
        "level": random.normal(offset, errors["level_error"]),
        "overscan": random.normal(25_000, 6.0),
        "overscan_step": max(abs(random.normal(0, 1.3)) for _ in range(127)),
        "overscan_noise": random.normal(8.0, 0.016),
        "data_noise": random.normal(8.0, 0.016),
        "burst": 1.08,
        "low": 0,
        "saturated": 0,
        "not_a_number": 0,
        "constant": 0,
        "stuck_bits": 0,
        "pixels": 1_018_000,
        "blocks": 128,
        "block_pixels": 928,
        **errors,
        "regions": tuple(random.normal(offset, errors["region_error"], 16)),
        "columns": tuple(COLUMNS + random.normal(offset, 0.2, len(COLUMNS))),
        "column_error": 0.2,
    }
    return AmplifierMeasurement(name=name, **{**fields, **changes})


class Night:
    """Frames that come one after the other, and what is said of them."""

    def __init__(self, seed=1, planned=44, max_settling=5):
        self.random = np.random.default_rng(seed)
        self.rule = FrameRule(planned, max_settling)
        self.frames: list[MeasuredFrame] = []
        self.judgements: dict[ImageName, Judgement] = {}

    def take(self, kind=BIAS, time=0.0, offset=0.0, of=None, header=None, **changes):
        """Take a frame; ``changes`` are those of the amplifiers ``of``, or of all."""
        name = ImageName(20261123, len(self.frames) + 1)
        dark = DARK_RATE * time + offset
        amplifiers = tuple(
            amplifier(self.random, item, dark, **(changes if of is None or item in of else {}))
            for item in NAMES
        )
        facts = {
            "exposure_id": name.exposure_id,
            "image_type": kind.value,
            "exposure_time": time,
            "sequencer": "a.seq 1",
            "digest": str(name),
            **(header or {}),
        }
        measurement = ImageMeasurement(
            name=name, dark_time=time, grid=GRID, amplifiers=amplifiers, seconds=0.2, **facts
        )
        planned = PlannedExposure(kind, time, len(self.frames) + 1, 44, False)
        frame = MeasuredFrame(planned, measurement)
        self.judgements |= judge([*self.frames, frame], name, self.rule)
        self.frames = [
            dataclasses.replace(item, verdict=self.judgements[item.name].verdict)
            for item in (*self.frames, frame)
        ]
        return self.judgements[name]

    @property
    def odd(self):
        """Numbers of the frames that are not good, with what they are."""
        return {
            name.seq_num: str(item.verdict)
            for name, item in sorted(self.judgements.items())
            if item.verdict is not FrameVerdict.GOOD
        }


@pytest.mark.parametrize("seed", range(6))
def test_a_healthy_night_has_no_bad_frame(seed):
    night = Night(seed)
    for _ in range(21):
        night.take()
    for time in TIMES:
        night.take(DARK, time)
    assert night.odd == {}


def test_the_tails_of_all_comparisons_together_hold_the_stated_probability():
    comparisons = count_comparisons(44, 16)
    tail = 2 * (1 - statistics.NormalDist().cdf(n_sigma(comparisons)))
    assert tail * comparisons == pytest.approx(FALSE_ALARMS, rel=1e-3)
    assert FALSE_ALARMS < 1e-3


def test_the_distance_to_the_median_of_a_pool_has_the_error_that_the_limit_assumes():
    """At most: a frame is one of its own pool, and nearer to its median for that."""
    random = np.random.default_rng(4)
    for count in (3, 4, 6, 12, 22):
        pools = random.normal(0, 1, (4000, count))
        distances = []
        for pool in pools:
            reference = Reference.of(pool.tolist())
            distances.append(max(pool[0] - reference.high, reference.low - pool[0], 0.0))
        assumed = math.sqrt(1 + math.pi / 2 / count)
        for tail in (1e-2, 1e-3):
            limit = statistics.NormalDist().inv_cdf(1 - tail / 2) * assumed
            assert np.mean(np.array(distances) > limit) <= tail + 3 * math.sqrt(tail / 4000)


def test_the_limit_of_steps_holds_for_the_largest_of_many_normal_steps():
    random = np.random.default_rng(5)
    largest = np.abs(random.normal(0, 1.3, (20_000, 127))).max(axis=1)
    usual = float(np.median(largest))
    assert largest.max() < step_limit(usual, 128, 1) - 3.0
    # Seen at a tail that can be sampled: without the factor and the tolerance it is that tail.
    sigma = usual / statistics.NormalDist().inv_cdf(0.5 + 0.5 ** (1 / 127) / 2)
    assert sigma == pytest.approx(1.3, rel=0.01)


def test_the_limit_of_bursts_holds_for_the_noisiest_of_many_blocks():
    random = np.random.default_rng(6)
    noisiest = np.sqrt(random.chisquare(928, (20_000, 128)).max(axis=1) / 928)
    assert noisiest.max() < burst_limit(128, 928, 1) - 0.1


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"offset": 5.0}, TroubleKind.LIGHT),
        ({"offset": -5.0}, TroubleKind.LEVEL),
        ({"overscan_noise": 9.2}, TroubleKind.NOISE),
        ({"data_noise": 4.0, "overscan_noise": 4.0}, TroubleKind.NOISE),
        ({"burst": 1.6}, TroubleKind.BURST),
        ({"overscan_step": 40.0}, TroubleKind.STEP),
        ({"overscan": 25_200.0}, TroubleKind.LEVEL),
        ({"stuck_bits": 4}, TroubleKind.STUCK_BIT),
        ({"constant": 1_018_000, "data_noise": 0.0}, TroubleKind.DEAD),
        ({"saturated": 100_000}, TroubleKind.SATURATED),
        ({"regions": (0.0,) * 5 + (6.0,) + (0.0,) * 10}, TroubleKind.LIGHT),
        ({"columns": LATE}, TroubleKind.SHIFTED),
        ({"header": {"digest": "AT_O_20261123_000002"}}, TroubleKind.IDENTICAL),
        ({"header": {"image_type": "DARK"}}, TroubleKind.HEADER),
        ({"header": {"exposure_time": 5.0}}, TroubleKind.HEADER),
        ({"header": {"exposure_id": 7}}, TroubleKind.HEADER),
        ({"header": {"sequencer": "b.seq 2"}}, TroubleKind.SEQUENCER),
    ],
)
def test_an_odd_frame_is_bad_and_the_others_stay_good(changes, kind):
    night = Night()
    for _ in range(4):
        night.take()
    found = night.take(**changes)
    for _ in range(3):
        night.take()
    assert night.odd == {5: "bad"}
    assert kind in {trouble.kind for trouble in found.troubles}


def test_the_amplifiers_that_show_it_are_named():
    night = Night()
    for _ in range(4):
        night.take()
    found = night.take(of={"C03", "C14"}, regions=(30.0,) * 16)
    (trouble,) = found.troubles
    assert trouble.amplifiers == ("C03", "C14")
    assert "C03, C14" in trouble.text
    assert "30" in trouble.text or "29" in trouble.text


def test_of_two_frames_that_differ_neither_is_called_bad_and_the_third_decides():
    night = Night()
    night.take()
    night.take(offset=20.0)
    assert night.odd == {}
    night.take()
    assert night.odd == {2: "bad"}


def test_the_first_frames_that_settle_are_told_apart_as_long_as_they_do():
    night = Night()
    for number in range(12):
        night.take(offset=60.0 * math.exp(-number / 1.2))
    assert set(night.odd.values()) == {"settling"}
    assert set(range(1, 4)) <= set(night.odd)
    assert max(night.odd) <= 5


def test_no_more_of_the_first_frames_are_discarded_than_allowed():
    night = Night(max_settling=2)
    for number in range(12):
        night.take(offset=60.0 * math.exp(-number / 1.2))
    assert [number for number, what in night.odd.items() if what == "settling"] == [1, 2]


def test_a_glow_in_the_third_frame_is_no_settling():
    night = Night()
    for number in range(6):
        night.take(offset=30.0 if number == 2 else 0.0)
    assert night.odd == {3: "bad"}


def test_darks_of_a_new_exposure_time_may_have_more_dark_current_and_no_light():
    night = Night()
    for _ in range(6):
        night.take()
    for _ in range(4):
        night.take(DARK, 5.0)
    assert night.take(DARK, 30.0, offset=2.0).verdict is FrameVerdict.GOOD
    found = night.take(DARK, 30.0, offset=40.0)
    assert [trouble.kind for trouble in found.troubles] == [TroubleKind.LIGHT]


def test_light_in_every_dark_is_seen_against_the_biases_of_the_run():
    night = Night()
    for _ in range(6):
        night.take()
    verdicts = [night.take(DARK, 5.0, offset=25.0).verdict for _ in range(3)]
    assert verdicts == [FrameVerdict.BAD] * 3


def test_darks_that_are_all_shifted_are_seen_against_the_biases_of_the_run():
    night = Night()
    for _ in range(6):
        night.take()
    found = [night.take(DARK, 5.0, columns=LATE, of={"C12"}) for _ in range(3)]
    assert common_trouble(found).kind is TroubleKind.SHIFTED
    assert common_trouble(found).amplifiers == ("C12",)


@pytest.mark.parametrize(
    ("noise", "word"), [(24.0, "3.08 times that of the camera model, too high"), (4.0, "too low")]
)
def test_an_amplifier_that_is_noisy_or_has_lost_gain_in_all_frames_is_held_against_the_model(
    noise, word
):
    night = Night()
    found = [night.take(data_noise=noise, overscan_noise=noise, of={"C12"}) for _ in range(3)]
    trouble = common_trouble(found)
    assert (trouble.kind, trouble.amplifiers) == (TroubleKind.NOISE, ("C12",))
    assert word in trouble.text


def test_the_shot_noise_of_light_is_not_taken_for_noise_of_the_amplifier():
    night = Night()
    charge, gain = 2_000.0, 1.08
    noise = math.sqrt(8.0**2 + charge / gain)
    found = night.take(level=charge, data_noise=noise)
    assert [trouble.kind for trouble in found.troubles] == []


def bad(kind, *amplifiers):
    return Judgement(FrameVerdict.BAD, (FrameTrouble(kind, amplifiers, "text"),))


@pytest.mark.parametrize(
    ("last", "shared"),
    [
        ([bad(TroubleKind.DEAD, "C10")] * 3, ("C10",)),
        ([bad(TroubleKind.DEAD, "C10", "C11"), *[bad(TroubleKind.DEAD, "C11")] * 2], ("C11",)),
        ([bad(TroubleKind.HEADER)] * 3, ()),
        ([bad(TroubleKind.DEAD, "C10")] * 2, None),
        ([bad(TroubleKind.DEAD, name) for name in ("C10", "C11", "C12")], None),
        ([bad(TroubleKind.DEAD, "C10"), bad(TroubleKind.LIGHT, "C10")] * 2, None),
        ([*[bad(TroubleKind.DEAD, "C10")] * 2, Judgement(FrameVerdict.GOOD)], None),
    ],
)
def test_three_frames_in_a_row_that_are_wrong_in_the_same_way_are_enough(last, shared):
    found = common_trouble(last)
    assert (None if found is None else found.amplifiers) == shared
