# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installing the stand-ins, and where that is refused."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import venv

import pytest

STANDINS = pathlib.Path(__file__).parents[2] / "standins"
pytestmark = pytest.mark.system


@pytest.fixture
def environment(tmp_path) -> pathlib.Path:
    """An empty environment; returns its Python."""
    venv.create(tmp_path / "venv", with_pip=False)
    return tmp_path / "venv" / "bin" / "python"


def site_packages(python: pathlib.Path) -> pathlib.Path:
    (folder,) = (python.parents[1] / "lib").glob("python3*/site-packages")
    return folder


def install(python: pathlib.Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [python, STANDINS / "install.py"], capture_output=True, text=True, check=False,
        env={"PATH": ""},
    )  # fmt: skip


def pretend(python: pathlib.Path, name: str, version: str) -> None:
    """Make an environment look as if a distribution were in it."""
    folder = site_packages(python) / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.mark.parametrize("name", ["ts-dds", "ts-ddsconfig", "ts-utils"])
def test_an_environment_with_the_real_thing_is_left_alone(environment, name):
    pretend(environment, name, "2.1.0")
    done = install(environment)
    assert done.returncode == 1
    assert f"the real {name} 2.1.0" in done.stderr
    assert "nothing was changed" in done.stderr


def test_an_environment_with_a_module_of_that_name_is_left_alone(environment):
    (site_packages(environment) / "dds.py").write_text("")
    done = install(environment)
    assert done.returncode == 1
    assert "module dds that is not ours" in done.stderr


def test_a_namespace_without_modules_is_no_obstacle(environment):
    (site_packages(environment) / "lsst" / "ts").mkdir(parents=True)
    done = install(environment)
    assert "neither pip nor uv" in done.stderr


def test_stand_ins_that_are_there_already_are_no_obstacle(environment):
    pretend(environment, "ts-dds", "1.0.0+dailycal")
    done = install(environment)
    assert "neither pip nor uv" in done.stderr


def test_no_stand_in_brings_a_namespace_package_that_would_hide_others():
    for package in ("lsst/__init__.py", "lsst/ts/__init__.py"):
        assert list(STANDINS.glob(f"*/src/{package}")) == []


def test_this_environment_has_the_stand_ins():
    from importlib.metadata import version

    assert sys.version_info >= (3, 11)
    for name in ("ts-dds", "ts-ddsconfig", "ts-utils", "ts-interfaces"):
        assert version(name).endswith("+dailycal")
