# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import dataclasses

import numpy as np
import pytest
from astropy.io import fits

from lsst.ts.dailycal.calibration import OnDifference, compare_calibrations
from lsst.ts.dailycal.model import ComparisonVerdict, ImageType, LeftOut
from lsst.ts.dailycal.model.detector import LATISS
from lsst.ts.dailycal.pipelines.calib_facts import measure_calibration, read_facts
from lsst.ts.dailycal.pipelines.combine import combine_bias
from lsst.ts.dailycal.pipelines.fits_image import read_image, write_image
from lsst.ts.dailycal.pipelines.image import CalibImage, ImageAmplifier, Mask

SHAPE = (128, 512)  # 64 by 64 pixels an amplifier
GEOMETRY = LATISS.resized(64, 64)
ALL = [item.name for item in GEOMETRY.amplifiers]
SAME_SETUP, OTHER = (("SEQNAME", "A"),), (("SEQNAME", "B"),)


def image(seed=1, noise=2.0, add=None):
    pixels = np.random.default_rng(seed).normal(0.0, noise, SHAPE).astype(np.float32)
    if add is not None:
        for name, electrons in add.items():
            (amplifier,) = (item for item in GEOMETRY.amplifiers if item.name == name)
            place = GEOMETRY.detector_section(amplifier)
            pixels[place.y0 : place.y1, place.x0 : place.x1] += electrons
    return pixels


def facts(pixels, exposures=20, setup=(("SEQNAME", "A"),), kind="bias"):
    bad = np.zeros(SHAPE, np.bool_)
    unit = "electron" if kind == "bias" else "electron/s"
    return measure_calibration(
        kind, f"run {pixels[0, 0]}", pixels, bad, unit=unit, exposures=exposures, setup=setup
    )


def compare(new, old, how=OnDifference.REFUSE, kind=ImageType.BIAS):
    return compare_calibrations(kind, new, old, how)


def write_afw(path, pixels, planes=None, mask=None, keys=None, *, compressed=False):
    """Write what afw writes of an ExposureF: planes in HDUs, bits of the mask by name."""
    kind = fits.CompImageHDU if compressed else fits.ImageHDU
    options = {"compression_type": "GZIP_2", "quantize_level": 0.0} if compressed else {}
    mask_hdu = fits.ImageHDU(np.zeros(SHAPE, np.int32) if mask is None else mask, name="MASK")
    for name, bit in (planes or {"BAD": 0, "SAT": 1}).items():
        mask_hdu.header[f"HIERARCH MP_{name}"] = bit
    primary = fits.PrimaryHDU()
    primary.header.update(keys or {})
    variance = fits.ImageHDU(np.ones(SHAPE, np.float32), name="VARIANCE")
    archive = fits.BinTableHDU.from_columns(
        [fits.Column("a", "J", array=np.arange(3))], name="ARCHIVE_INDEX"
    )
    fits.HDUList(
        [primary, kind(pixels, name="IMAGE", **options), mask_hdu, variance, archive]
    ).writeto(path)


def test_two_healthy_calibrations_are_the_same_or_better():
    assert compare(facts(image(1)), facts(image(2))).verdict is ComparisonVerdict.SAME
    better = compare(facts(image(1, 1.0), 40), facts(image(2, 2.0), 10))
    assert better.verdict is ComparisonVerdict.BETTER


@pytest.mark.parametrize("length", [3.0, 8.0, 20.0])
def test_the_median_of_a_patch_is_as_uncertain_as_it_is_said_to_be(length):
    """Medians of many biases with the same pattern, which is steep in a corner of amplifiers."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    pattern = 60.0 * np.exp(-np.hypot(y % 64, x % 64) / length)
    measured = [facts(image(seed) + pattern.astype(np.float32)) for seed in range(60)]
    patches = [[item.patches for item in one.amplifiers] for one in measured]
    errors = np.mean([[item.patch_errors for item in one.amplifiers] for one in measured], axis=0)
    ratios = np.std(patches, axis=0, ddof=1) / errors
    # Of 60 values, a standard deviation is known to a tenth; here are 256 of them.
    assert np.median(ratios) == pytest.approx(1.0, abs=0.05)
    assert ((ratios > 0.6) & (ratios < 1.4)).all()
    flat = 2.0 * np.sqrt(np.pi / 2.0) / 16.0  # of 16 by 16 pixels
    assert errors.min() == pytest.approx(flat, rel=0.1)
    assert length == 3.0 or errors.max() > 1.6 * flat


def test_a_patch_is_worse_only_beyond_its_own_uncertainty():
    old = facts(image(1))
    steep = dataclasses.replace(
        old,
        amplifiers=tuple(
            dataclasses.replace(item, patch_errors=(0.5, *item.patch_errors[1:]))
            for item in old.amplifiers
        ),
    )

    def moved(patch, electrons):
        def change(item):
            patches = [*item.patches]
            patches[patch] += electrons
            return dataclasses.replace(item, patches=tuple(patches))

        first, *others = steep.amplifiers
        return dataclasses.replace(steep, amplifiers=(change(first), *others))

    assert compare(moved(0, 2.5), steep).accepted
    assert not compare(moved(1, 2.5), steep).accepted
    assert not compare(moved(0, 5.0), steep).accepted


def test_a_glow_that_is_in_all_frames_is_refused_with_its_place():
    found = compare(facts(image(1, add={"C17": 43.0, "C16": 4.0})), facts(image(2)))
    assert (found.verdict, found.accepted) == (ComparisonVerdict.WORSE, False)
    assert "level of C16, C17 differs" in found.differences[0]
    assert "on C17" in found.differences[0]
    assert compare(facts(image(1, add={"C17": 43.0})), facts(image(2)), OnDifference.WARN).accepted


def test_a_new_sequencer_is_no_fault():
    new = facts(image(1, add=dict.fromkeys(ALL, 43.0)), setup=OTHER)
    found = compare(new, facts(image(2)))
    assert (found.verdict, found.accepted) == (ComparisonVerdict.OTHER_SETUP, True)
    assert found.differences[0] == "SEQNAME was A and is B"
    assert "at most +43" in found.differences[1]


@pytest.mark.parametrize(
    ("add", "said"),
    [
        (dict.fromkeys(ALL, 400.0), "level of all 16 amplifiers differs, at most +4"),
        # What clocks and voltages do shows in all amplifiers.
        (dict.fromkeys(ALL[:3], 43.0), "level of C10, C11, C12 differs"),
    ],
)
def test_a_difference_that_no_sequencer_makes_is_a_fault_whatever_the_header_says(add, said):
    new, old = facts(image(1, add=add), setup=OTHER), facts(image(2))
    found = compare(new, old)
    assert (found.verdict, found.accepted) == (ComparisonVerdict.WORSE, False)
    assert found.differences[0].startswith(f"no other set-up makes that {said}")
    assert found.differences[-1] == "SEQNAME was A and is B"
    assert compare(new, old, OnDifference.WARN).accepted


def test_another_set_up_may_double_the_noise_and_not_more():
    old = facts(image(2, 2.0))
    noisier = [compare(facts(image(1, noise), setup=OTHER), old).verdict for noise in (3.5, 5.0)]
    assert noisier == [ComparisonVerdict.OTHER_SETUP, ComparisonVerdict.WORSE]


def test_an_amplifier_without_noise_is_worse_with_any_set_up():
    dead = image(1)
    place = GEOMETRY.detector_section(GEOMETRY.amplifiers[0])
    dead[place.y0 : place.y1, place.x0 : place.x1] = 0.0
    for setup in (OTHER, SAME_SETUP):
        found = compare(facts(dead, setup=setup), facts(image(2)))
        assert found.verdict is ComparisonVerdict.WORSE
        assert f"noise of {GEOMETRY.amplifiers[0].name} is only 0.00 times" in found.differences[0]


def dark(seed, rate, temperature="-110"):
    pixels = image(seed, 0.05, add=dict.fromkeys(ALL, rate))
    return facts(pixels, kind="dark", setup=(("TEMP_SET", temperature),))


def test_darks_without_dark_current_are_told_although_the_difference_is_small():
    old = dark(1, 0.05)
    assert compare(dark(2, 0.04), old, kind=ImageType.DARK).verdict is ComparisonVerdict.SAME
    found = compare(dark(2, 0.001), old, kind=ImageType.DARK)
    assert found.verdict is ComparisonVerdict.WORSE
    assert "dark current is 0.0" in found.differences[0]
    colder = compare(dark(2, 0.001, "-120"), old, kind=ImageType.DARK)
    assert colder.verdict is ComparisonVerdict.OTHER_SETUP


def test_more_hot_pixels_are_explained_by_another_temperature_and_by_no_sequencer():
    pixels = image(1, 0.01)
    pixels[70:80, 0:10] = 20.0
    setups = [OTHER, (("TEMP_SET", "-90"), *SAME_SETUP)]
    old = facts(image(2, 0.01), kind="dark", setup=(("TEMP_SET", "-110"), *SAME_SETUP))
    found = [
        compare(facts(pixels, kind="dark", setup=setup), old, kind=ImageType.DARK).verdict
        for setup in setups
    ]
    assert found == [ComparisonVerdict.WORSE, ComparisonVerdict.OTHER_SETUP]


@pytest.mark.parametrize("masked_in", ["new", "old"])
def test_an_amplifier_that_is_masked_in_one_of_them_is_not_compared(masked_in):
    masked = {masked_in: ("C10",)}
    old = dataclasses.replace(facts(image()), masked=masked.get("old", ()))
    new = dataclasses.replace(facts(image(2, add={"C10": 500.0})), masked=masked.get("new", ()))
    assert compare(new, old).verdict is ComparisonVerdict.SAME
    worse = dataclasses.replace(facts(image(2, add={"C11": 500.0})), masked=("C10",))
    assert "level of C11 differs" in compare(worse, old).differences[0]


def test_noise_is_held_against_the_number_of_exposures():
    old = facts(image(2, 2.0), 20)
    assert compare(facts(image(1, 4.0), 5), old).verdict is ComparisonVerdict.SAME
    found = compare(facts(image(1, 4.0), 20), old)
    assert found.verdict is ComparisonVerdict.WORSE
    assert "noise of all 16 amplifiers" in found.differences[0]


def test_noise_of_a_dark_is_held_against_the_dark_times():
    long = dataclasses.replace(facts(image(2, 0.01), kind="dark"), weight=20 * 30.0**2)
    short = dataclasses.replace(facts(image(1, 0.06), kind="dark"), weight=20 * 5.0**2)
    assert compare(short, long, kind=ImageType.DARK).verdict is ComparisonVerdict.SAME
    unknown = dataclasses.replace(long, weight=None)
    assert compare(short, unknown, kind=ImageType.DARK).verdict is ComparisonVerdict.SAME
    same_times = dataclasses.replace(short, weight=20 * 30.0**2)
    assert compare(same_times, long, kind=ImageType.DARK).verdict is ComparisonVerdict.WORSE


def test_a_pattern_that_is_a_column_too_late_is_told():
    """No level is another, and no noise."""
    random = np.random.default_rng(8)
    offsets = np.tile(random.normal(0.0, 1.5, 64), 8)
    old, late = facts(image(2) + offsets), facts(image(1) + np.roll(offsets, -1))
    found = compare(late, old)
    assert (found.verdict, found.accepted) == (ComparisonVerdict.WORSE, False)
    # The amplifiers of both rows are read from the right.
    assert found.differences == (
        "pixels come 1 column too late in their rows (look at the sequencer)",
    )
    changed = dataclasses.replace(late, setup=OTHER)
    assert compare(changed, old).verdict is ComparisonVerdict.OTHER_SETUP
    assert compare(facts(image(1) + offsets), old).verdict is ComparisonVerdict.SAME


def test_more_hot_pixels_are_told():
    pixels = image(1, 0.01)
    pixels[70:80, 0:10] = 20.0
    found = compare(
        facts(pixels, kind="dark"), facts(image(2, 0.01), kind="dark"), kind=ImageType.DARK
    )
    assert found.verdict is ComparisonVerdict.WORSE
    assert "has 100 more" in found.differences[0]


def test_without_one_in_use_or_in_another_unit_nothing_is_compared():
    mine = facts(image(1))
    for other in (None, dataclasses.replace(mine, unit="adu")):
        found = compare(mine, other)
        assert (found.verdict, found.accepted) == (ComparisonVerdict.NOT_COMPARED, True)


def test_pixels_that_are_no_numbers_are_a_difference():
    pixels = image(1)
    pixels[:, :64] = np.nan
    assert not compare(facts(pixels), facts(image(2))).accepted


@pytest.mark.parametrize("compressed", [False, True])
def test_the_fits_form_of_an_afw_exposure_gives_the_same_facts(tmp_path, compressed):
    pixels = image(3)
    mask = np.zeros(SHAPE, np.int32)
    mask[5, 7] = 1 << 9
    mask[6, 7] = 1 << 1
    keys = {"SEQNAME": "A", "HIERARCH CPP_INPUT_0": 1, "HIERARCH CPP_INPUT_1": 2, "CPP": 0}
    keys |= {"HIERARCH CPP_INPUT_DATE_0": "2026-11-22", "HIERARCH CPP_INPUT_SCALE_0": 2.0}
    path = tmp_path / "afw.fits"
    write_afw(path, pixels, {"SAT": 1, "BAD": 9}, mask, keys, compressed=compressed)
    bad = mask == 1 << 9
    expected = measure_calibration(
        "bias", "run", pixels, bad, exposures=2, weight=4.0, setup=(("SEQNAME", "A"),)
    )
    assert read_facts(path, "bias", "run") == expected


def test_our_own_file_gives_the_same_facts(tmp_path):
    pixels = image(4)
    mask = np.zeros(SHAPE, np.uint8)
    mask[1, 1] = Mask.BAD
    amplifiers = tuple(
        ImageAmplifier(item.name, GEOMETRY.detector_section(item), 1.0, 8.0, 0.0)
        for item in GEOMETRY.amplifiers
    )
    mine = CalibImage(pixels, mask, amplifiers, "bias", inputs=(1, 2, 3))
    write_image(tmp_path / "own.fits", mine)
    found = read_facts(tmp_path / "own.fits", "bias", "run")
    assert found == measure_calibration("bias", "run", pixels, mask != 0, exposures=3)


def test_a_masked_amplifier_is_named_in_the_header_and_marked_in_the_plane(make_maker, tmp_path):
    bias = combine_bias(make_maker(40, 32).frames(3), masked=["C13"])
    path = tmp_path / "bias.fits"
    write_image(path, bias)
    assert fits.getheader(path)["CPP_MASKED_0"] == "C13"
    assert read_image(path).provenance.masked == ("C13",)
    read = read_facts(path, "bias", "run")
    assert read.masked == ("C13",)
    assert {item.name: item.hot for item in read.amplifiers} == {
        item.name: 40 * 32 * (item.name == "C13") for item in read.amplifiers
    }


def test_what_combination_left_out_is_read_from_the_header(maker, tmp_path):
    odd = maker.frame(extra=300.0, dark_time=30.0)
    bias = combine_bias([*maker.frames(8), odd])
    path = tmp_path / "bias.fits"
    provenance = dataclasses.replace(bias.provenance, notes=("a note",))
    write_image(path, dataclasses.replace(bias, provenance=provenance))
    read = read_facts(path, "bias", "run")
    assert read.left_out == (LeftOut(odd.exposure, "image type is DARK, not BIAS"),)
    assert (read.exposures, read.notes) == (8, ("a note",))


def test_a_file_without_an_image_is_refused(tmp_path):
    fits.PrimaryHDU().writeto(tmp_path / "none.fits")
    with pytest.raises(ValueError, match="no image"):
        read_facts(tmp_path / "none.fits", "bias", "run")
