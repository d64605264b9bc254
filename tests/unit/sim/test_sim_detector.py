# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import numpy as np
import pytest

from lsst.ts.dailycal.model import ImageName
from lsst.ts.dailycal.model.detector import LATISS
from lsst.ts.dailycal.pipelines.combine import combine_bias
from lsst.ts.dailycal.pipelines.isr import correct_frame
from lsst.ts.dailycal.pipelines.raw.frame import RawFrame, oriented
from lsst.ts.dailycal.sim.detector import READOUT_TIME, Frame, FrameRequest, SimulatedDetector
from lsst.ts.dailycal.sim.patterns import make_pattern

GEOMETRY = LATISS.resized(64, 128)
AMPLIFIERS = range(16)


def detector(*, dark_current=0.0, cosmic_ray_rate=0.0, seed=1):
    return SimulatedDetector(seed, GEOMETRY, dark_current, cosmic_ray_rate)


def request(number, seconds=0.0, **changes):
    name = ImageName(day_obs=20261123, seq_num=number)
    return FrameRequest(name, seconds, seconds + 0.02, **changes)


def raw_frame(frame: Frame):
    return RawFrame.from_arrays(
        frame.pixels,
        frame.geometry,
        exposure=frame.request.name.exposure_id,
        image_type="DARK" if frame.request.exposure_time else "BIAS",
        exposure_time=frame.request.exposure_time,
        dark_time=frame.request.dark_time,
    )


def corrected(frames):
    return [correct_frame(raw_frame(frame)).pixels for frame in frames]


def test_the_same_seed_and_name_give_the_same_frame():
    first = detector(dark_current=0.02, cosmic_ray_rate=50.0).read(request(7, 30.0))
    second = detector(dark_current=0.02, cosmic_ray_rate=50.0).read(request(7, 30.0))
    assert np.array_equal(first.pixels, second.pixels)
    assert np.array_equal(first.cosmic_rays.x, second.cosmic_rays.x)


def test_frames_of_two_names_are_independent():
    first, second = corrected(detector().read(request(number)) for number in (1, 2))
    noise = np.mean([amplifier.read_noise**2 for amplifier in GEOMETRY.amplifiers])
    # The difference has the noise of both, and nothing of the pattern.
    assert (first - second).std() == pytest.approx(np.sqrt(2 * noise), rel=0.01)


def test_a_corrected_frame_has_the_read_noise_of_the_catalogue():
    frames = corrected(detector().read(request(number)) for number in range(1, 21))
    spread = np.std(frames, axis=0, ddof=1)
    for amplifier in GEOMETRY.amplifiers:
        section = GEOMETRY.detector_section(amplifier)
        variance = (spread[section.y0 : section.y1, section.x0 : section.x1] ** 2).mean()
        assert np.sqrt(variance) == pytest.approx(amplifier.read_noise, rel=0.01), amplifier.name


def test_a_reference_of_twenty_frames_leaves_the_noise_that_statistics_foretell():
    source = detector()
    bias = combine_bias([raw_frame(source.read(request(n))) for n in range(1, 21)])
    residual = correct_frame(raw_frame(source.read(request(99))), bias).pixels
    noise = np.array(
        [
            oriented(residual, GEOMETRY.detector_section(amplifier)).std() / amplifier.read_noise
            for amplifier in GEOMETRY.amplifiers
        ]
    )
    # sigma sqrt(1 + 1/20); the mean of 16 amplifiers is known to 0.2 %.
    assert noise.mean() == pytest.approx(np.sqrt(1 + 1 / 20), rel=0.006)
    assert abs(residual.mean()) < 0.2


def test_light_gives_the_shot_noise_of_the_gain():
    source = detector()
    pairs = [
        [
            source.read(request(number, 10.0, light=2000.0)).pixels.astype(float)
            for number in (k, k + 1)
        ]
        for k in (1, 3)
    ]
    bias = source.read(request(9)).pixels
    data = GEOMETRY.data_section
    cut = (slice(None), slice(data.y0, data.y1), slice(data.x0, data.x1))
    for number, amplifier in enumerate(GEOMETRY.amplifiers):
        variance = np.mean([(a - b)[cut][number].var() / 2 for a, b in pairs])
        signal = np.mean([a[cut][number].mean() - bias[cut][number].mean() for a, _ in pairs])
        read = (amplifier.read_noise / amplifier.gain) ** 2
        # Photon transfer: electrons per ADU are signal over variance.
        assert signal / (variance - read) == pytest.approx(amplifier.gain, rel=0.05)


def test_dark_current_grows_with_dark_time():
    source = detector(dark_current=0.5)
    bias = np.mean(corrected(source.read(request(n)) for n in range(1, 9)), axis=0)
    rates = []
    for seconds in (10.0, 40.0):
        dark = np.mean(corrected(source.read(request(n, seconds)) for n in range(11, 19)), axis=0)
        rates.append((dark - bias) / (seconds + 0.02))
    pattern = make_pattern(1, GEOMETRY, 0.5)
    truth = np.mean([amplifier.dark_rate().mean() for amplifier in pattern.amplifiers])
    assert [rate.mean() for rate in rates] == pytest.approx([truth, truth], rel=0.02)


def test_hot_pixels_stay_where_they_are():
    pattern = make_pattern(1, GEOMETRY, 0.02)
    number = max(AMPLIFIERS, key=lambda n: max(pattern.amplifiers[n].hot_rates, default=0))
    amplifier = pattern.amplifiers[number]
    brightest = int(amplifier.hot_pixels[np.argmax(amplifier.hot_rates)])
    y, x = np.divmod(brightest, GEOMETRY.data_width)
    for seq in (1, 2):
        image = corrected([detector(dark_current=0.02).read(request(seq, 100.0))])[0]
        part = oriented(image, GEOMETRY.detector_section(amplifier.amplifier))
        assert part[y, x] == pytest.approx(100.0 * amplifier.hot_rates.max(), rel=0.2)


def test_no_flip_of_an_amplifier_goes_unseen():
    """The glow is in the corner that is read first: the outer one, on the side of high x."""
    image = np.mean(corrected(detector().read(request(n)) for n in range(1, 9)), axis=0)
    for amplifier in GEOMETRY.amplifiers:
        section = GEOMETRY.detector_section(amplifier)
        part = image[section.y0 : section.y1, section.x0 : section.x1]
        corners = {
            (upper, right): part[
                slice(-8, None) if upper else slice(8), slice(-8, None) if right else slice(8)
            ].mean()
            for upper in (True, False)
            for right in (True, False)
        }
        assert max(corners, key=corners.get) == (amplifier.upper, True), amplifier.name


def test_no_two_amplifiers_look_alike():
    structures = [a.bias_structure() for a in make_pattern(1, GEOMETRY, 0.02).amplifiers]
    for first in AMPLIFIERS:
        for second in range(first):
            assert np.abs(structures[first] - structures[second]).max() > 0.5


def test_cosmic_rays_are_where_the_truth_says():
    source = detector(cosmic_ray_rate=20.0)
    calm = np.mean(corrected(detector().read(request(n, 30.0)) for n in range(1, 5)), axis=0)
    frame = source.read(request(11, 30.0))
    image = corrected([frame])[0] - calm
    truth = np.zeros_like(image)
    truth[frame.cosmic_rays.y, frame.cosmic_rays.x] = frame.cosmic_rays.charge
    bright = truth > 300
    assert bright.sum() > 50
    assert image[bright] == pytest.approx(truth[bright], rel=0.3, abs=60)
    assert (np.abs(image[truth == 0]) < 150).all()


def test_cosmic_rays_come_at_a_rate_per_second_of_exposure_and_readout():
    source = detector(cosmic_ray_rate=20.0)
    area = GEOMETRY.width * GEOMETRY.height * 1e-6  # square centimetre
    for seconds in (0.0, 30.0):
        counts = [source.read(request(n, seconds)).cosmic_rays.count for n in range(1, 41)]
        expected = 20.0 * area * (seconds + READOUT_TIME)
        assert np.mean(counts) == pytest.approx(expected, abs=4 * np.sqrt(expected / 40))


def test_charge_saturates_between_the_limits_of_the_detector():
    frame = detector().read(request(1, 100.0, light=20_000.0))
    data = GEOMETRY.data_section
    level = frame.pixels[:, : data.y1, data.x1 + 5 :].mean(axis=(1, 2))
    full = np.median(frame.pixels[:, data.y0 : data.y1, data.x0 : data.x1], axis=(1, 2)) - level
    assert np.all((full > 119_000) & (full < 143_000))


def test_the_level_wanders_from_row_to_row_and_the_overscan_tells():
    frame = detector().read(request(1))
    overscan = frame.pixels[:, :, -58:-3].mean(axis=2)
    assert np.all(overscan.std(axis=1) > 1.0)
    rows = correct_frame(raw_frame(frame)).pixels
    bias = np.mean(corrected(detector().read(request(n)) for n in range(2, 30)), axis=0)
    # What is left of the wander is less than the noise of the mean of a row.
    assert (rows - bias).mean(axis=1).std() < 2 * 10 / np.sqrt(GEOMETRY.data_width)


def test_a_new_sequencer_file_changes_the_bias_and_nothing_else():
    old, new = (make_pattern(1, GEOMETRY, 0.02, sequencer_change=change) for change in (0.0, 1.0))
    for before, after in zip(old.amplifiers, new.amplifiers, strict=True):
        assert np.abs(after.bias_structure() - before.bias_structure()).mean() > 20
        assert np.array_equal(after.dark_rate(), before.dark_rate())
        assert np.array_equal(after.columns, before.columns)
        assert after.level == before.level
