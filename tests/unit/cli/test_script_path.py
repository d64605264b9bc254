# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from lsst.ts.dailycal.cli.errors import CommandError
from lsst.ts.dailycal.cli.script.path import find_script, list_scripts, scripts_directory

NAME = "auxtel/make_latiss_calibrations.py"


def test_a_script_is_found_by_the_path_that_the_queue_shows():
    assert find_script(NAME) == scripts_directory() / NAME


def test_a_script_is_found_by_its_file(tmp_path):
    path = tmp_path / "own.py"
    path.write_text("", encoding="utf-8")
    path.chmod(0o755)
    assert find_script(str(path)) == path


def test_a_file_that_the_queue_would_not_list_is_refused(tmp_path):
    path = tmp_path / "own.py"
    path.write_text("", encoding="utf-8")
    with pytest.raises(CommandError, match="not executable"):
        find_script(str(path))


def test_a_bare_name_is_answered_with_the_path():
    with pytest.raises(CommandError, match=f"Is {NAME} meant"):
        find_script("make_latiss_calibrations.py")


def test_a_misspelt_path_is_answered_with_a_close_one():
    with pytest.raises(CommandError, match=f"Is {NAME}"):
        find_script("auxtel/make_latis_calibrations.py")


def test_every_listed_script_is_one_that_can_be_found():
    names = list_scripts()
    assert NAME in names
    assert all(find_script(name).is_file() for name in names)
