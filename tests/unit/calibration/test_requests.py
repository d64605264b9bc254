# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requests to OCPS, word for word."""

import pytest

from lsst.ts.dailycal.calibration import (
    configuration_schema,
    generate_request,
    make_run_config,
    statistics_dataset_type,
    validate_configuration,
    verify_request,
)
from lsst.ts.dailycal.model import ImageName, ImageType

IMAGES = [ImageName(20220929, seq) for seq in (4, 5)]


def configure(**given):
    schema = configuration_schema()
    return make_run_config(
        validate_configuration(schema, {"script_mode": "BIAS_DARK", **given}), schema
    )


@pytest.mark.prevents("D13", "D17")
def test_the_daily_verification_reads_the_reference_calibrations():
    request = verify_request(configure(), ImageType.BIAS, IMAGES)
    assert request.pipeline == "${CP_VERIFY_DIR}/pipelines/LATISS/verifyBias.yaml"
    assert request.config == "-j 8 -i LATISS/calib --register-dataset-types"
    assert request.version == ""
    assert request.data_query == (
        "instrument='LATISS' AND detector IN (0) AND exposure IN (2022092900004, 2022092900005)"
    )


@pytest.mark.prevents("D17")
def test_a_single_exposure_has_no_trailing_comma():
    request = verify_request(configure(), ImageType.DARK, IMAGES[:1])
    assert request.data_query.endswith("exposure IN (2022092900004)")
    assert request.pipeline == "${CP_VERIFY_DIR}/pipelines/LATISS/verifyDark.yaml"


def test_masked_amplifiers_are_an_option_of_the_combination():
    request = generate_request(configure(), ImageType.DARK, IMAGES, masked=["C10", "C13"])
    assert request.config.endswith("--register-dataset-types -c cpDark:badAmplifiers=C10+C13")


@pytest.mark.prevents("D17")
def test_options_are_added_behind_the_others():
    config = configure(config_options_bias=" -c isr:doDefect=False ", n_processes=2)
    request = generate_request(config, ImageType.BIAS, IMAGES)
    assert request.pipeline == "${CP_PIPE_DIR}/pipelines/LATISS/cpBias.yaml"
    assert request.config == ("-j 2 -i LATISS/calib --register-dataset-types -c isr:doDefect=False")


@pytest.mark.prevents("D16", "D17")
def test_d16_a_dark_is_generated_with_the_bias_of_this_run_first():
    request = generate_request(configure(), ImageType.DARK, IMAGES, "u/ocps/abc")
    assert "-i u/ocps/abc,LATISS/calib " in request.config
    assert request.pipeline == "${CP_PIPE_DIR}/pipelines/LATISS/cpDark.yaml"


def test_an_internal_verification_reads_this_runs_calibrations_first():
    request = verify_request(configure(), ImageType.DARK, IMAGES, ["u/ocps/d", "u/ocps/b"])
    assert "-i u/ocps/d,u/ocps/b,LATISS/calib " in request.config


def test_statistics_have_the_names_of_cp_verify():
    assert statistics_dataset_type(ImageType.BIAS) == "verifyBiasStats"
    assert statistics_dataset_type(ImageType.DARK) == "verifyDarkStats"
