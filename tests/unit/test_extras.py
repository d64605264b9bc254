# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import configparser
import pathlib

import pytest

from lsst.ts.dailycal.cli.exit_codes import ExitCode
from lsst.ts.dailycal.extras import (
    EXTRAS,
    NOT_INSTALLED,
    Extra,
    MissingExtraError,
    missing_extra,
    require,
)

TREE = pathlib.Path(__file__).parents[2]


def test_commands_and_scripts_have_the_same_exit_code_for_what_is_not_installed():
    assert ExitCode.NOT_INSTALLED == NOT_INSTALLED


def test_a_module_of_an_extra_that_is_there_is_not_blamed_on_the_extra(monkeypatch):
    present = Extra("click", ("click",), "")
    monkeypatch.setitem(EXTRAS, "present", present)
    assert missing_extra(ModuleNotFoundError(name="click.absent")) is None


def test_a_module_that_comes_with_no_extra_is_a_defect():
    assert missing_extra(ModuleNotFoundError(name="lsst.ts.dailycal.absent")) is None


def test_all_extras_that_are_missing_are_named_at_once(monkeypatch):
    for name in ("first", "second"):
        monkeypatch.setitem(EXTRAS, name, Extra(f"absent_{name}", (), f"install {name}"))
    with pytest.raises(MissingExtraError) as caught:
        require("first", "second")
    text = str(caught.value)
    assert "absent_first and absent_second are not installed" in text
    assert "install first; install second." in text


def test_every_extra_of_the_distribution_is_known():
    setup = configparser.ConfigParser()
    setup.read(TREE / "setup.cfg", encoding="utf-8")
    declared = set(setup["options.extras_require"]) - {"all"}
    assert declared == set(EXTRAS)
