# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever stands in a configuration: it is carried out as written, or refused with a reason."""

import re
import shlex
import string
import time

import pytest
import yaml
from bad_values import PROPERTIES, all_bad, bad_values
from hypothesis import given
from hypothesis import strategies as st
from refusals import LONGEST, count_refused
from searching import examples

from lsst.ts.dailycal.calibration import (
    check_text,
    configuration_schema,
    generate_request,
    make_plan,
    make_run_config,
    validate_configuration,
    verify_request,
)
from lsst.ts.dailycal.model import ConfigurationError, ImageName

SHELL_SIGNS = set("$`;|&<>*?\\!#~\n\r\0")


def read(raw):
    """Do what the script does at configure."""
    schema = configuration_schema()
    return make_run_config(validate_configuration(schema, raw), schema)


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_bad_value_is_refused_at_once_and_by_name(name, record_property):
    count = count_refused(
        lambda value: read({"script_mode": "BIAS_DARK", name: value}), name, bad_values(name)
    )
    record_property("bad_inputs", count)
    assert count >= 20


def test_there_are_many_bad_values(record_property):
    total = len(all_bad())
    record_property("bad_values_of_all_properties", total)
    assert total > 1500


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(ConfigurationError) as caught:
        read({"script_mode": "NO", "n_bias": "many", "repo": 1, "nbias": 3})
    text = " ".join(caught.value.problems)
    assert len(caught.value.problems) == 4
    for name in ("script_mode", "n_bias", "repo", "is n_bias meant?"):
        assert name in text


def test_thousands_of_properties_are_refused_at_once():
    begin = time.perf_counter()
    with pytest.raises(ConfigurationError, match="5000 properties"):
        read({f"n_bias{number}": 1 for number in range(5000)})
    assert time.perf_counter() - begin < LONGEST


def test_a_date_without_quotes_is_told_to_get_them():
    raw = yaml.safe_load("{script_mode: BIAS, certify_calib_begin_date: 2026-11-23}")
    with pytest.raises(ConfigurationError, match="put it in quotes"):
        read(raw)


BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
)


@pytest.mark.parametrize(
    "text",
    [
        f"script_mode: BIAS\n{BOMB}",
        f"{BOMB}\nn_bias: *a29",
        f"{BOMB}\nexp_times_dark: *a29",
        f"{BOMB}\ntest_case: {{name: *a29}}",
        f"[{{{BOMB.replace(chr(10), ', ')}}}]",
        "&a [*a]",
        "script_mode: &a [*a]",
        "script_mode: 0x" + "f" * 100_000,
        "? 0x" + "f" * 100_000 + "\n: 1",
        "? !!binary aGVsbG8=\n: 1",
        "script_mode: !!set {a, b}",
        "script_mode: !!omap [a: 1, b: 2]",
        "1.5: 2\n.nan: 3\nnull: 4\ntrue: 5",
        "- script_mode",
        "BIAS",
        "12",
    ],
)
def test_tricks_of_yaml_are_refused_at_once(text):
    begin = time.perf_counter()
    with pytest.raises(ConfigurationError) as caught:
        read(yaml.safe_load(text))
    assert time.perf_counter() - begin < LONGEST
    assert len(str(caught.value)) < 10_000


@pytest.mark.parametrize("text", ["[" * 3000, "a: " + "9" * 9000, "a: [", "\x00", "- a", "5", "a"])
def test_a_text_that_is_no_configuration_is_refused_in_a_sentence(text):
    with pytest.raises(ConfigurationError, match=r"is not YAML|`name: value` lines") as caught:
        check_text(text)
    assert len(str(caught.value)) < 300


names = st.sampled_from(sorted(PROPERTIES)) | st.text(max_size=12)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(0, 30)
    | st.floats()
    | st.text()
    | st.text(string.printable, max_size=40)
    | st.sampled_from(["BIAS", "DARK", "BIAS_DARK", "LATISS/calib", "-c isr:doDefect=False"])
)
values = scalars | st.lists(scalars, max_size=6) | st.dictionaries(st.text(), scalars, max_size=3)
configurations = st.builds(
    lambda mode, rest: {"script_mode": mode, **rest},
    st.sampled_from(["BIAS", "DARK", "BIAS_DARK"]),
    st.dictionaries(names, values, max_size=3),
)


@examples(2000)
@given(raw=configurations)
def test_any_configuration_is_refused_or_can_be_carried_out_safely(raw):
    try:
        config = read(raw)
    except ConfigurationError as error:
        assert error.problems
        assert all(problem.strip() for problem in error.problems)
        return
    check_safe(config)


@examples(1000)
@given(text=st.text(max_size=200) | st.builds(yaml.safe_dump, configurations))
def test_any_text_is_refused_or_read(text):
    try:
        check_text(text)
        check_safe(read(yaml.safe_load(text)))
    except ConfigurationError as error:
        assert str(error)


def check_safe(config):
    """What goes out to others holds nothing that a shell, a path or a header would misread."""
    plan = make_plan(config)
    for calibration in config.calibrations:
        slots = [item for item in plan.exposures if item.image_type is calibration.image_type]
        assert len(slots) == calibration.wanted + calibration.discarded
        assert 1 <= calibration.minimum <= calibration.wanted
        assert all(0 <= item.exposure_time <= 3600 for item in slots)
        images = [ImageName(20261123, 1)]
        for request in (
            generate_request(config, calibration.image_type, images, None),
            verify_request(config, calibration.image_type, images, []),
        ):
            shlex.split(request.config)
            assert not SHELL_SIGNS & set(request.config + request.data_query)
    for text in (config.program, config.reason):
        assert text.isascii()
        assert not set(text) & set(",:\\\n")
    assert ".." not in config.calib_collection.split("/")
    assert config.resume is None or re.fullmatch(r"[0-9A-Za-z_.-]{1,100}", config.resume)
    assert plan.duration >= 0
    config.validity(20261123, 20261124)
