# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration of the script."""

import pathlib
import re

import pytest
import yaml

from lsst.ts.dailycal.calibration import (
    Timeouts,
    configuration_schema,
    make_plan,
    make_run_config,
    validate_configuration,
)
from lsst.ts.dailycal.model import ConfigurationError, ImageType

ROOT = pathlib.Path(__file__).parents[3]
EXAMPLE = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)

# Every property that today's script of the observatory has, with its default.
UPSTREAM_DEFAULTS = {
    "n_bias": 20,
    "n_dark": 22,
    "n_flat": 20,
    "n_discard_bias": 1,
    "n_discard_dark": 1,
    "n_discard_flat": 1,
    "exp_times_dark": [5] * 5 + [15] * 2 + [30] * 16,
    "exp_times_flat": 5,
    "wait_between_exposures": 0,
    "generate_calibrations": False,
    "do_verify": True,
    "number_verification_tests_threshold_bias": 8,
    "number_verification_tests_threshold_dark": 8,
    "number_verification_tests_threshold_flat": 8,
    "config_options_bias": " ",
    "config_options_dark": " ",
    "config_options_flat": " ",
    "config_options_defects": " ",
    "config_options_ptc": " ",
    "do_defects": False,
    "do_ptc": False,
    "do_gain_from_flat_pairs": True,
    "n_processes": 8,
    "oods_timeout": 120,
    "background_task_timeout": 30,
    "filter": None,
    "grating": None,
    "input_collections_bias": "LATISS/calib",
    "input_collections_verify_bias": "LATISS/calib",
    "input_collections_dark": "LATISS/calib",
    "input_collections_verify_dark": "LATISS/calib",
    "input_collections_flat": "LATISS/calib",
    "input_collections_verify_flat": "LATISS/calib",
    "input_collections_defects": "LATISS/calib",
    "input_collections_ptc": "LATISS/calib",
    "calib_collection": "LATISS/calib/daily",
}


def configure(**given):
    schema = configuration_schema()
    return make_run_config(validate_configuration(schema, given), schema)


def problems_of(**given):
    with pytest.raises(ConfigurationError) as caught:
        configure(**given)
    return caught.value.problems


def test_script_mode_alone_is_the_daily_procedure():
    plan = make_plan(configure(script_mode="BIAS_DARK"))
    bias, dark = plan.of_type(ImageType.BIAS), plan.of_type(ImageType.DARK)
    assert (len(bias), len(dark)) == (21, 23)
    assert [item.number for item in plan.exposures if item.discard] == [1, 1]
    kept = [item.exposure_time for item in dark if not item.discard]
    assert kept == [5] * 4 + [15] * 2 + [30] * 16
    assert {item.exposure_time for item in bias} == {0}
    assert plan.exposures == bias + dark


@pytest.mark.prevents("D12")
def test_d12_the_duration_is_that_of_the_mode_and_of_the_exposure_times():
    plan = make_plan(configure(script_mode="BIAS_DARK"))
    assert 623 <= plan.acquisition_time <= 711
    assert plan.duration <= 15 * 60
    assert make_plan(configure(script_mode="BIAS")).acquisition_time <= 100


@pytest.mark.prevents("D19")
def test_d19_every_image_has_a_checkpoint_with_a_short_name():
    plan = make_plan(configure(script_mode="BIAS_DARK"))
    assert plan.checkpoints[1:4] == ("BIAS 1/21", "BIAS 2/21", "BIAS 3/21")
    assert len(plan.checkpoints) == 44 + 2
    assert max(map(len, plan.checkpoints)) <= 12


@pytest.mark.parametrize(("name", "default"), UPSTREAM_DEFAULTS.items())
def test_every_property_of_todays_script_is_there_with_its_default(name, default):
    assert configuration_schema()["properties"][name]["default"] == default


def test_everything_that_todays_script_accepts_at_once_is_accepted():
    config = configure(
        script_mode="BIAS_DARK",
        **{key: value for key, value in UPSTREAM_DEFAULTS.items() if value is not None},
        certify_calib_begin_date="1950-01-01",
        certify_calib_end_date="2050-01-01",
        note="a note: with a colon, and a comma",
        program="BLOCK-295",
        reason="daily",
        test_case={"name": "BLOCK-T1", "execution": "E1", "version": "1.0", "initial_step": 2},
        repo="/repo/LATISS/butler+sasquatch.yaml",
    )
    assert config.begin == "1950-01-01T00:00:00"
    assert config.without_effect.names == ("test_case",)


@pytest.mark.prevents("D8")
def test_d8_script_mode_really_is_required():
    (problem,) = problems_of()
    assert "script_mode must be given" in problem


def test_flats_are_refused_with_a_sentence_that_says_so():
    (problem,) = problems_of(script_mode="BIAS_DARK_FLAT")
    assert "BIAS_DARK_FLAT" in problem
    assert "BIAS_DARK." in problem


@pytest.mark.prevents("D9")
def test_d9_a_list_of_another_length_is_refused_before_any_image_is_taken():
    (problem,) = problems_of(script_mode="DARK", n_dark=3)
    assert "23 entries" in problem
    assert "4" in problem


@pytest.mark.prevents("D9")
def test_d9_a_list_of_the_kept_darks_is_accepted_and_the_discarded_repeat_the_first():
    config = configure(script_mode="DARK", n_dark=3, n_discard_dark=2, exp_times_dark=[5, 15, 30])
    assert config.calibration(ImageType.DARK).exposure_times == (5, 5, 5, 15, 30)


@pytest.mark.prevents("D9")
def test_d9_null_counts_mean_the_default():
    config = configure(script_mode="BIAS", n_bias=None, n_discard_bias=None)
    assert len(config.calibration(ImageType.BIAS).exposure_times) == 21


@pytest.mark.prevents("D11")
@pytest.mark.parametrize("kind", ["bias", "dark"])
def test_d11_the_schema_says_of_the_threshold_what_the_rule_does_with_it(kind):
    """The rule itself: `test_one_test_alone_has_to_reach_the_limit`."""
    name = f"number_verification_tests_threshold_{kind}"
    prop = configuration_schema()["properties"][name]
    assert "bad when one test fails on at least this many amplifiers" in prop["description"]
    config = configure(script_mode="BIAS_DARK", **{name: 5})
    limits = {item.image_type.dataset_type: item.failure_limit for item in config.calibrations}
    assert limits == {"bias": 8, "dark": 8, kind: 5}


@pytest.mark.prevents("D22")
def test_d22_images_and_jobs_have_deadlines_of_their_own():
    usual = Timeouts.of(configure(script_mode="BIAS"))
    assert (usual.ingest, usual.job) == (120, 900)
    hasty = Timeouts.of(configure(script_mode="BIAS", oods_timeout=7))
    assert (hasty.ingest, hasty.job) == (7, 900)
    patient = Timeouts.of(configure(script_mode="BIAS", job_timeout=3600))
    assert (patient.ingest, patient.job) == (120, 3600)


@pytest.mark.prevents("D29")
def test_d29_statistics_are_read_where_ocps_writes_them_unless_told_otherwise():
    assert configure(script_mode="BIAS").repo == "LATISS"


@pytest.mark.prevents("D26")
def test_d26_every_example_of_the_documentation_can_be_carried_out():
    pages = [ROOT / "README.md", *sorted((ROOT / "doc" / "howto").glob("*.md"))]
    texts = [page.read_text(encoding="utf-8") for page in pages]
    examples = [yaml.safe_load(found) for text in texts for found in EXAMPLE.findall(text)]
    configurations = [example for example in examples if "script_mode" in example]
    assert len(configurations) >= 3
    for example in configurations:
        assert make_plan(configure(**example))
    named = {name for text in texts for name in re.findall(r"-p (\w+)=", text)}
    assert "script_mode" in named
    assert named <= set(configuration_schema()["properties"])


def test_one_exposure_time_serves_all_darks():
    config = configure(script_mode="DARK", n_dark=2, exp_times_dark=7.5)
    assert config.calibration(ImageType.DARK).exposure_times == (7.5, 7.5, 7.5)


@pytest.mark.prevents("D25")
@pytest.mark.parametrize("name", ["program", "reason"])
@pytest.mark.parametrize("text", ["a,b", "a:b", "a\nb", "a\\b", "\u00e9", "a\x00b"])
def test_d25_texts_that_would_corrupt_the_headers_are_refused(name, text):
    (problem,) = problems_of(script_mode="BIAS", **{name: text})
    assert problem.startswith(f"{name}:")


@pytest.mark.prevents("D25")
def test_d25_a_note_is_a_header_card_of_its_own_and_stays_on_one_line():
    assert configure(script_mode="BIAS", note="as usual: nothing, really").note
    (problem,) = problems_of(script_mode="BIAS", note="one\ntwo")
    assert problem.startswith("note:")


@pytest.mark.prevents("D14")
@pytest.mark.parametrize(
    "options", ["-c isr:doDefect=False; rm -rf /", "$(id)", "`id`", "a | b", "a && b", "'", "a\nb"]
)
def test_d14_pipetask_options_with_a_meaning_to_a_shell_are_refused(options):
    (problem,) = problems_of(script_mode="BIAS", config_options_bias=options)
    assert problem.startswith("config_options_bias:")


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/../b", "a;b", "a,,b", "-x", "\u2603"])
def test_collections_that_are_none_are_refused(name):
    assert problems_of(script_mode="BIAS", input_collections_bias=name)


def test_dates_are_checked_and_ordered():
    assert "not an ISO" in problems_of(script_mode="BIAS", certify_calib_begin_date="soon")[0]
    assert (
        "time zone" in problems_of(script_mode="BIAS", certify_calib_end_date="2026-01-01T00Z")[0]
    )
    (problem,) = problems_of(
        script_mode="BIAS",
        certify_calib_begin_date="2026-01-02",
        certify_calib_end_date="2026-01-01",
    )
    assert "before" in problem


def test_all_problems_are_reported_at_once():
    schema_problems = problems_of(script_mode="SIDEWAYS", n_bias=-1, exp_time_dark=5)
    assert len(schema_problems) == 3
    assert any("exp_times_dark" in problem for problem in schema_problems)
    semantic_problems = problems_of(
        script_mode="BIAS_DARK", n_dark=3, program="a,b", repo="-x", certify_calib_begin_date="?"
    )
    assert len(semantic_problems) == 4


@pytest.mark.parametrize("given", [[], "BIAS", 3, [{"script_mode": "BIAS"}]])
def test_a_configuration_that_is_no_list_of_properties_is_refused(given):
    with pytest.raises(ConfigurationError):
        validate_configuration(configuration_schema(), given)


def test_a_yaml_bomb_is_refused_without_being_expanded():
    levels = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    bomb = yaml.safe_load("\n".join(levels))
    given = {"script_mode": "BIAS", "exp_times_dark": bomb["a29"]}
    with pytest.raises(ConfigurationError, match="nested too deeply"):
        validate_configuration(configuration_schema(), given)


@pytest.mark.prevents("D14")
def test_d14_the_default_validity_is_the_observing_day_of_the_exposures():
    validity = configure(script_mode="BIAS").validity(20261123, 20261123)
    assert (validity.begin, validity.end) == ("2026-11-23T12:00:00", "2026-11-24T12:00:00")
    over_midday = configure(script_mode="BIAS").validity(20261231, 20270101)
    assert (over_midday.begin, over_midday.end) == ("2026-12-31T12:00:00", "2027-01-02T12:00:00")
