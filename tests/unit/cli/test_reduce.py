# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import contextlib
import gzip
import io
import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
import yaml
from astropy.io import fits
from astropy.table import Table

from json_strictly import check_output
from lsst.ts.dailycal.calibration.schema import configuration_schema
from lsst.ts.dailycal.cli.exit_codes import ExitCode
from lsst.ts.dailycal.cli.main import main
from lsst.ts.dailycal.cli.reduce.calibrate import Rule
from lsst.ts.dailycal.cli.reduce.command import reduce
from lsst.ts.dailycal.cli.reduce.judge import judge
from lsst.ts.dailycal.pipelines.combine import combine_bias, combine_dark
from lsst.ts.dailycal.pipelines.dark_hits import find_hits
from lsst.ts.dailycal.pipelines.fits_image import read_image
from lsst.ts.dailycal.pipelines.isr import correct_frame
from lsst.ts.dailycal.pipelines.metrics import measure_exposure
from lsst.ts.dailycal.pipelines.raw.frame import open_raw
from lsst.ts.dailycal.pipelines.verify import stats_of_run
from lsst.ts.dailycal.sim.config import RawFileOptions, SimulationConfig
from lsst.ts.dailycal.sim.faults.fault import Fault
from lsst.ts.dailycal.sim.world import World

# The combined bias adds its own noise to darks: of fewer than ten biases, too much for NOISE.
BIASES, DARK_TIMES = 12, (10.0, 15.0, 20.0, 25.0, 30.0, 30.0)
# `main`, and then what of the heavy packages has been imported.
PROGRAM = """
import atexit, sys
heavy = ("lsst.daf.butler", "lsst.pipe.base", "lsst.ts.salobj")
atexit.register(lambda: print("heavy:", [n for n in heavy if n in sys.modules], file=sys.stderr))
from lsst.ts.dailycal.cli.main import main
from lsst.ts.dailycal.cli.reduce.calibrate import Rule
from lsst.ts.dailycal.cli.reduce.command import reduce
from lsst.ts.dailycal.cli.reduce.judge import judge
main()
"""


def process(*args, cwd):
    """Run the command from outside."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, args)], cwd=cwd, capture_output=True, text=True,
        check=False, stdin=subprocess.DEVNULL, timeout=100,
    )  # fmt: skip


def dailycal(*args, cwd):
    """Run the command in this process, which has imported already what takes seconds."""
    out, err = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as caught,
    ):
        patch.setattr(sys, "argv", ["dailycal", *map(str, args)])
        main()
    return subprocess.CompletedProcess(args, caught.value.code, out.getvalue(), err.getvalue())


def take(root, *, biases=BIASES, dark_times=DARK_TIMES, rice=False, damage=None, faults=()):
    """Write raw files as the camera does; damage is a fault of the second."""
    options = RawFileOptions(rice=rice)
    world = World(
        SimulationConfig(frame=(32, 40), root=root, raw_files=options, faults=tuple(faults))
    )
    exposures = world.reference_exposures(biases=biases, dark_times=dark_times)
    return [
        world.write(exposure, damage=Fault.parse(damage) if damage and number == 1 else None)
        for number, exposure in enumerate(exposures)
    ]


def spoil(path, to, change):
    """Write a copy of a file in which something is changed."""
    to.parent.mkdir(exist_ok=True)
    with fits.open(path) as hdus:
        change(hdus)
        hdus.writeto(to)
    return to


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    root = tmp_path_factory.mktemp("plain")
    return root, take(root)


@pytest.fixture(scope="module")
def reduced(plain):
    """Reduce the plain files once; what comes of them is only read."""
    root, _ = plain
    return root / "reduced", process("reduce", root / "raw", "--json", cwd=root)


def test_what_is_written_is_what_the_pipelines_make_of_the_same_files(plain, reduced):
    _, files = plain
    directory, result = reduced
    assert result.returncode == ExitCode.OK, result.stderr
    frames = [open_raw(path) for path in files]
    bias = combine_bias(frames[:BIASES])
    darks = frames[BIASES:]
    dark = combine_dark(darks, bias, find_hits(darks, bias))
    for name, image in (("bias", bias), ("dark", dark)):
        written = read_image(directory / f"{name}.fits")
        assert np.array_equal(written.pixels, image.pixels)
        assert np.array_equal(written.mask, image.mask)
        assert np.array_equal(written.variance, image.variance)
        assert written.inputs == image.inputs
    for kind, some, used in (("Bias", frames[:BIASES], None), ("Dark", darks, dark)):
        stats = stats_of_run(
            (measure_exposure(correct_frame(frame, bias, used)) for frame in some),
            with_corner=used is None,
        )
        assert yaml.safe_load((directory / f"verify{kind}Stats.yaml").read_text()) == stats
        table = Table.read(directory / f"verify{kind}Results.ecsv")
        assert len(table) == 16 * len(some)


def test_neither_a_butler_nor_sal_is_needed(reduced):
    _, result = reduced
    assert result.stderr.splitlines()[-1] == "heavy: []"


def test_a_file_says_where_its_dark_comes_from(plain, reduced):
    _, files = plain
    header = fits.getheader(reduced[0] / "dark.fits")
    assert header["CPP_INPUT_0"] == open_raw(files[BIASES]).exposure
    assert header["CPP_CALIB_0"] == "bias bias.fits"


def test_what_is_printed_is_also_written(reduced):
    directory, result = reduced
    (printed,) = check_output("reduce", result.stdout)
    assert printed == json.loads((directory / "report.json").read_text())
    assert [item["image_type"] for item in printed["results"]] == ["BIAS", "DARK"]
    assert all(item["accepted"] for item in printed["results"])
    assert printed["left_out"] == []


def test_compressed_files_give_the_same_pixels(plain, tmp_path):
    take(tmp_path, biases=4, dark_times=(), rice=True)
    result = process("reduce", "raw", cwd=tmp_path)
    assert result.returncode == ExitCode.OK, result.stderr
    assert "BIAS accepted: 0 of 4 exposures are bad" in result.stdout
    of_plain = combine_bias([open_raw(path) for path in plain[1][:4]])
    assert np.array_equal(read_image(tmp_path / "reduced/bias.fits").pixels, of_plain.pixels)


def test_what_does_not_belong_to_the_others_is_left_out_by_name(plain, reduced, tmp_path):
    _, (bias, other, *_) = plain
    odd = tmp_path / "odd"

    def twice(hdus):
        hdus[2].header["EXTNAME"] = hdus[1].header["EXTNAME"]

    def next_number(hdus, **keys):
        hdus[0].header.update(
            SEQNUM=900 + len(keys), OBSID=f"AT_O_20261118_00090{len(keys)}", **keys
        )

    odd.mkdir()
    (odd / "garbage.fits").write_bytes(b"not FITS at all" * 500)
    (odd / "notes.txt").write_text("no raw file")
    spoil(bias, odd / "twice.fits", twice)
    spoil(bias, odd / "foreign.fits", lambda hdus: next_number(hdus, LSST_NUM="E2V-CCD250-1"))
    spoil(bias, odd / "flat.fits", lambda hdus: next_number(hdus, IMGTYPE="FLAT", EXPTIME=2.0))
    spoil(bias, odd / "long.fits", lambda hdus: next_number(hdus, EXPTIME=2.0))
    spoil(bias, odd / "sequencer.fits", lambda hdus: next_number(hdus, SEQFILE="b.seq"))
    spoil(other, odd / "again.fits", lambda hdus: None)
    files = plain[0] / "raw"
    result = dailycal("reduce", files, odd, "--output", "out", "--json", cwd=tmp_path)
    assert result.returncode == ExitCode.OK, result.stderr
    reasons = {
        pathlib.Path(item["path"]).name: item["reason"]
        for item in json.loads(result.stdout)["left_out"]
    }
    assert set(reasons) == {
        f"{name}.fits"
        for name in ("garbage", "twice", "foreign", "flat", "long", "sequencer", "again")
    }
    assert "is not a FITS file" in reasons["garbage.fits"]
    assert f"is in {other} already" in reasons["again.fits"]
    assert reasons["twice.fits"].startswith("Segment10, EXTNAME: HDU 2 is the same amplifier")
    assert "E2V-CCD250-1" in reasons["foreign.fits"]
    assert "FLAT" in reasons["flat.fits"]
    assert "exposure time is 2 s" in reasons["long.fits"]
    assert "SEQFILE is 'b.seq' and " in reasons["sequencer.fits"]
    # They change nothing.
    ours, theirs = (read_image(folder / "bias.fits") for folder in (tmp_path / "out", reduced[0]))
    assert np.array_equal(ours.pixels, theirs.pixels)


def test_a_file_whose_pixels_alone_are_damaged_is_left_out(tmp_path):
    files = take(tmp_path, biases=5, dark_times=(), rice=True, damage="file_corrupt:where=data")
    result = dailycal("reduce", "raw", "--json", cwd=tmp_path)
    (left,) = json.loads(result.stdout)["left_out"]
    assert pathlib.Path(left["path"]).name == files[1].name
    combined = read_image(tmp_path / "reduced" / "bias.fits")
    good = [open_raw(path) for number, path in enumerate(files) if number != 1]
    assert np.array_equal(combined.pixels, combine_bias(good).pixels)


def test_darks_are_reduced_with_a_bias_of_another_day(plain, reduced, tmp_path):
    _, files = plain
    given = reduced[0] / "bias.fits"
    arguments = (*files[BIASES:], "--bias", given, "--dark", reduced[0] / "dark.fits")
    result = dailycal("reduce", *arguments, "--json", cwd=tmp_path)
    assert result.returncode == ExitCode.OK, result.stderr
    (item,) = json.loads(result.stdout)["results"]
    assert item["image_type"] == "DARK"
    assert item["verified_with"] == {"bias": str(given), "dark": str(reduced[0] / "dark.fits")}
    assert np.array_equal(
        fits.getdata(tmp_path / "reduced/dark.fits"), fits.getdata(reduced[0] / "dark.fits")
    )
    assert "sha256:" in fits.getheader(tmp_path / "reduced/dark.fits")["CPP_CALIB_0"]


def test_noise_of_a_frame_that_was_not_combined_is_put_down_to_that(plain, tmp_path):
    """Its corner is bright in one amplifier, and all amplifiers differ from what it is not in."""
    _, files = plain

    def brighten(hdus):
        hdus[1].data = hdus[1].data + 0  # of its own, to be written back
        hdus[1].data[:10, 3:11] += 20

    odd = spoil(files[3], tmp_path / "odd" / files[3].name, brighten)
    result = dailycal("reduce", *files[:3], odd, *files[4:6], "--json", cwd=tmp_path)
    printed = json.loads(result.stdout)
    (left,), decision = printed["left_out"], printed["results"][0]["decision"]
    assert len(decision["bad_exposures"]) == 1
    (reason,) = decision["reasons"]
    assert reason.startswith("combination left out exposure")
    assert reason.endswith(f"({left['reason']})")


def test_darks_without_a_bias_are_left_out_with_what_to_do(plain, tmp_path):
    _, files = plain
    result = dailycal("reduce", *files[BIASES:], cwd=tmp_path)
    assert result.returncode == ExitCode.NOT_FOUND
    assert "give one with --bias" in result.stdout
    assert not (tmp_path / "reduced").exists()


def test_a_file_that_is_no_bias_is_refused_as_one(plain, reduced, tmp_path):
    _, files = plain
    for path, code in (
        (reduced[0] / "dark.fits", ExitCode.CONFIGURATION),
        (files[0], ExitCode.IO),
        (tmp_path / "nothing.fits", ExitCode.NOT_FOUND),
    ):
        result = dailycal("reduce", files[0], "--bias", path, cwd=tmp_path)
        assert result.returncode == code, result.stderr
        assert str(path) in result.stderr


def test_a_single_bias_is_rejected(plain, tmp_path):
    _, files = plain
    result = dailycal("reduce", files[0], cwd=tmp_path)
    assert result.returncode == ExitCode.FAILED
    assert "BIAS rejected" in result.stdout
    assert "all 16 amplifiers" in result.stdout


def test_what_is_there_is_overwritten_only_if_asked_for(plain, tmp_path):
    _, files = plain
    (tmp_path / "reduced").mkdir()
    (tmp_path / "reduced" / "dark.fits").write_text("mine")
    refused = dailycal("reduce", *files[:4], cwd=tmp_path)
    assert refused.returncode == ExitCode.IO
    assert "dark.fits" in refused.stderr
    assert (tmp_path / "reduced" / "dark.fits").read_text() == "mine"
    dailycal("reduce", *files[:4], "--overwrite", cwd=tmp_path)
    # No dark may lie beside a bias of other frames.
    assert not (tmp_path / "reduced" / "dark.fits").exists()
    assert (tmp_path / "reduced" / "bias.fits").exists()


def test_what_was_reduced_before_is_no_raw_file_and_gzip_is_read(plain, tmp_path):
    _, files = plain
    for path in files[:3]:
        shutil.copy(path, tmp_path)
    (tmp_path / "packed.fits.gz").write_bytes(gzip.compress(files[3].read_bytes(), 1))
    (tmp_path / ".under_way.fits").write_bytes(b"half a file")
    for _ in range(2):
        result = dailycal("reduce", ".", "--overwrite", "--json", cwd=tmp_path)
        report = json.loads(result.stdout)
        assert report["left_out"] == []
        assert len(report["results"][0]["combined"]) == 4


def test_the_threshold_is_that_of_the_script_by_default():
    properties = configuration_schema()["properties"]
    for kind in ("bias", "dark"):
        default = properties[f"number_verification_tests_threshold_{kind}"]["default"]
        assert default == Rule().failure_limit
    for command in (judge, reduce):
        (option,) = (item for item in command.params if item.name == "failure_limit")
        assert option.default == Rule().failure_limit


def test_the_extra_that_is_missing_is_named_before_anything_is_read(plain, tmp_path):
    without = PROGRAM.replace(
        "from lsst",
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name.startswith('astro_meta') else find(name, *a)\n"
        "from lsst",
    )
    result = subprocess.run(
        [sys.executable, "-c", without, "reduce", str(plain[0])],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert result.returncode == ExitCode.NOT_INSTALLED
    assert "pip install 'ts-dailycal[reduce]'" in result.stderr
    assert "Reading" not in result.stderr


def test_a_day_can_be_chosen(plain, tmp_path):
    _, files = plain
    day = int(files[0].parent.name)
    other = tmp_path / "other"
    for number, path in enumerate(files[:3]):
        keys = {"DAYOBS": "20261001", "OBSID": f"AT_O_20261001_{number + 1:06d}"}
        spoil(path, other / path.name, lambda hdus, keys=keys: hdus[0].header.update(keys))
    for arguments, chosen in (((), day), (("--day", 20261001), 20261001)):
        result = dailycal(
            *("reduce", *files[:5], other, "--output", f"of{chosen}", "--json"), *arguments,
            cwd=tmp_path,
        )  # fmt: skip
        report = json.loads(result.stdout)
        assert report["day_obs"] == chosen
        assert len(report["left_out"]) == 8 - len(report["results"][0]["combined"])


def write_stats(path, bad, exposures=20):
    """Write statistics as cp_verify does; its own failing entries lack SUCCESS."""
    ids = [2022092900000 + number for number in range(1, exposures + 1)]
    stats = {exposure: {"SUCCESS": True} for exposure in ids}
    for exposure in ids[:bad]:
        stats[exposure] = {"FAILURES": [f"RXX_S00 C{n:02d} NOISE" for n in range(8)]}
    path.write_text(yaml.safe_dump({**stats, "SUCCESS": not bad}))
    return path


@pytest.mark.parametrize(
    ("bad", "code"), [(0, ExitCode.OK), (10, ExitCode.OK), (11, ExitCode.FAILED)]
)
def test_saved_statistics_are_judged_by_the_majority_of_exposures(bad, code, tmp_path):
    path = write_stats(tmp_path / "verifyBiasStats.yaml", bad)
    result = dailycal("judge", path, "--json", cwd=tmp_path)
    assert result.returncode == code, result.stderr
    (decision,) = check_output("judge", result.stdout)
    assert decision["accepted"] is (code == ExitCode.OK)
    assert len(decision["bad_exposures"]) == bad
    assert (decision["image_type"], decision["exposures"]) == ("BIAS", 20)


def test_a_threshold_changes_what_a_bad_exposure_is(tmp_path):
    path = write_stats(tmp_path / "stats.yaml", 20)
    arguments = ("judge", path, "--type", "dark")
    assert dailycal(*arguments, cwd=tmp_path).returncode == ExitCode.FAILED
    lenient = dailycal(*arguments, "--threshold", 9, cwd=tmp_path)
    assert lenient.returncode == ExitCode.OK
    assert "DARK accepted: 0 of 20" in lenient.stdout


def test_reduced_statistics_are_judged_as_they_were(reduced, tmp_path):
    directory, result = reduced
    for item in json.loads(result.stdout)["results"]:
        again = dailycal("judge", item["files"]["statistics"], "--json", cwd=directory.parent)
        counted = json.loads(again.stdout)
        for name in ("accepted", "exposures", "image_type"):
            assert counted[name] == item["decision"][name]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (None, ExitCode.NOT_FOUND, "no file"),
        ("a: [1", ExitCode.CONFIGURATION, "verifyDarkStats.yaml is not YAML: line 2, column 1: "),
        ("a: 1", ExitCode.CONFIGURATION, "SUCCESS"),
        ("SUCCESS: true", ExitCode.CONFIGURATION, "no exposures"),
    ],
)
def test_what_is_no_statistics_is_refused_in_a_sentence(text, code, said, tmp_path):
    path = tmp_path / "verifyDarkStats.yaml"
    if text is not None:
        path.write_text(text)
    result = dailycal("judge", path, cwd=tmp_path)
    assert result.returncode == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_name_that_does_not_say_the_type_needs_the_option(tmp_path):
    path = write_stats(tmp_path / "stats.yaml", 0)
    result = dailycal("judge", path, cwd=tmp_path)
    assert result.returncode == ExitCode.USAGE
    assert "--type" in result.stderr


def write_documented(path, failing, exposures):
    """Write statistics of 2022-09-29 as cp_verify does.

    failing has, by sequence number, the tests and the amplifiers on which they failed.
    """
    stats = {2022092900000 + number: {"SUCCESS": True} for number in exposures}
    for number, tests in failing.items():
        failures = [
            f"RXX_S00 {name} {test}" for test, names in tests.items() for name in names.split()
        ]
        stats[2022092900000 + number] = {"FAILURES": failures, "SUCCESS": False}
    path.write_text(yaml.safe_dump({**stats, "SUCCESS": not failing}))
    return path


ALL_AMPLIFIERS = " ".join(f"C{row}{column}" for row in (0, 1) for column in range(8))


@pytest.mark.parametrize("rule", ["exposures", "upstream"])
def test_the_documented_set_that_failed_is_rejected(tmp_path, rule):
    """All three biases fail NOISE everywhere."""
    first = {
        "NOISE": ALL_AMPLIFIERS,
        "CR_NOISE": "C00 C01 C04 C05 C10 C11 C14 C15",
        "MEAN": "C01 C04 C05 C11 C15",
    }
    others = {"NOISE": ALL_AMPLIFIERS, "CR_NOISE": "C05"}
    path = write_documented(
        tmp_path / "verifyBiasStats.yaml", {1: first, 2: others, 3: others}, range(1, 4)
    )
    result = dailycal("judge", path, "--accept-rule", rule, "--json", cwd=tmp_path)
    assert result.returncode == ExitCode.FAILED, result.stderr
    decision = json.loads(result.stdout)
    assert decision["bad_exposures"] == [2022092900001, 2022092900002, 2022092900003]
    counts = {(f[0] % 100, f[1]): f[2] for f in decision["failures"]}
    assert counts[1, "NOISE"] == 16
    assert (counts[1, "CR_NOISE"], counts[1, "MEAN"], counts[2, "CR_NOISE"]) == (8, 5, 1)


@pytest.mark.parametrize("rule", ["exposures", "upstream"])
def test_the_documented_set_that_passed_with_warnings_is_accepted(tmp_path, rule):
    """One of twenty biases fails on six amplifiers, of which eight are the limit."""
    failing = {4: {"CR_NOISE": "C01 C04 C05 C11 C13 C14", "MEAN": "C01 C04 C11 C14"}}
    path = write_documented(tmp_path / "verifyBiasStats.yaml", failing, range(4, 24))
    result = dailycal("judge", path, "--accept-rule", rule, "--json", cwd=tmp_path)
    assert result.returncode == ExitCode.OK, result.stderr
    decision = json.loads(result.stdout)
    assert (decision["exposures"], decision["bad_exposures"]) == (20, [])
    assert decision["bad_exposure_limit"] == 11


def test_the_documented_set_of_a_new_sequencer_is_rejected(tmp_path):
    """Most exposures fail, since they are held against calibrations of the sequencer before."""
    failing = {number: {"NOISE": ALL_AMPLIFIERS} for number in range(1, 16)}
    path = write_documented(tmp_path / "verifyBiasStats.yaml", failing, range(1, 21))
    result = dailycal("judge", path, cwd=tmp_path)
    assert result.returncode == ExitCode.FAILED, result.stderr
    assert "BIAS rejected: 15 of 20 exposures are bad" in result.stdout
