# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wheel and the source distribution, and what can be done with the installed wheel."""

import os
import pathlib
import tarfile
import zipfile

import pytest

from lsst.ts.dailycal.extras import NOT_INSTALLED
from lsst.ts.dailycal.version import VERSION

TREE = pathlib.Path(__file__).parents[2]
SOURCES = TREE / "python/lsst/ts/dailycal/data/scripts"
SCRIPTS = sorted(str(path.relative_to(SOURCES)) for path in SOURCES.rglob("*.py"))
JOURNAL = str(TREE / "tests/data/journals/measured_run.jsonl")
BLOCK = "block-latiss-daily-bias-dark.json"

WITHOUT_EXTRAS = (
    (("--help",), "Usage: dailycal"),
    (("--version",), f"dailycal {VERSION}\n"),
    (("version",), f"ts-dailycal      {VERSION}\n"),
    (("faults",), "repository_locked"),
    (("runs",), "There is no journal"),
    (("status", JOURNAL), "BIAS"),
    (("report", JOURNAL, "--json"), '"exposures"'),
    (("run", "--dry-run"), "auxtel/make_latiss_calibrations.py"),
    (("block", "validate", BLOCK), "valid."),
    (("block", "run", "--dry-run", BLOCK), "auxtel/make_latiss_calibrations.py"),
)
"""Command lines, and what they print."""

WITH_EXTRAS = (
    (("run",), ("sal", "pipelines")),
    (("run", "--real"), ("sal",)),
    (("check",), ("sal", "pipelines")),
    (("check", "--real"), ("sal",)),
    (("block", "run", "--real", BLOCK), ("sal",)),
    (("rehearse",), ("sal", "pipelines")),
    (("simulate",), ("sal", "pipelines")),
    (("script", "auxtel/enable_latiss.py"), ("sal",)),
    (("repo", "create", "repo"), ("pipelines",)),
    (("repo", "show", "repo"), ("pipelines",)),
)
"""Command lines, and the extras that they need."""


def members(wheel: pathlib.Path) -> dict[str, tuple[int, int]]:
    with zipfile.ZipFile(wheel) as archive:
        return {
            item.filename: (item.external_attr >> 16 & 0o777, item.CRC)
            for item in archive.infolist()
        }


def test_the_source_distribution_builds_the_wheel_of_the_tree(distributions):
    assert members(distributions.wheel) == members(distributions.wheel_of_tree)


def test_the_wheel_keeps_the_mode_of_the_scripts_and_of_nothing_else(distributions):
    executable = {name for name, (mode, _) in members(distributions.wheel).items() if mode & 0o111}
    assert executable == {f"lsst/ts/dailycal/data/scripts/{name}" for name in SCRIPTS}


def test_the_wheel_has_every_file_of_the_package(distributions):
    root = TREE / "python"
    wanted = {
        str(path.relative_to(root))
        for path in (root / "lsst").rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and path.suffix not in {".nbi", ".nbc"}
    }
    assert wanted == {name for name in members(distributions.wheel) if ".dist-info/" not in name}


@pytest.mark.parametrize(
    "folder", ["bench", "bin", "conda", "doc", "requirements", "standins", "tests", "ups"]
)
def test_the_source_distribution_has_what_is_beside_the_package(distributions, folder):
    passed_over = {"__pycache__", "_build", "_generated", "results", "build"}
    wanted = {
        str(path.relative_to(TREE))
        for path in (TREE / folder).rglob("*")
        if path.is_file()
        and not passed_over & set(path.parts)
        and path.suffix not in {".pyc", ".nbi", ".nbc"}
        and not any(part.endswith(".egg-info") for part in path.parts)
    }
    assert wanted
    with tarfile.open(distributions.sdist) as archive:
        there = {name.partition("/")[2] for name in archive.getnames()}
    assert wanted <= there
    assert {"Makefile", "CHANGELOG.md", "CITATION.cff", "Jenkinsfile", ".importlinter"} <= there


def listed(scripts: pathlib.Path) -> set[str]:
    return {
        str(path.relative_to(scripts)) for path in scripts.rglob("*.py") if os.access(path, os.X_OK)
    }


def test_scripts_are_executable_where_either_installer_puts_them(
    installation, installation_by_pip, tmp_path
):
    assert listed(installation.scripts) == set(SCRIPTS)
    assert listed(installation_by_pip.scripts) == set(SCRIPTS)
    script = installation_by_pip.scripts / "auxtel/enable_latiss.py"
    assert installation_by_pip.run(script, "0", "--schema", cwd=tmp_path).returncode == 0


def test_every_installed_script_tells_its_schema(installation, tmp_path):
    for name in SCRIPTS:
        told = installation.run(installation.scripts / name, "0", "--schema", cwd=tmp_path)
        assert told.returncode == 0, told.stderr
        assert "$schema:" in told.stdout


@pytest.mark.parametrize(("arguments", "text"), WITHOUT_EXTRAS, ids=str)
def test_what_needs_no_extra_works_without(installation, tmp_path, arguments, text):
    done = installation.run("dailycal", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert text in done.stdout
    assert not done.stderr


def test_a_report_without_extras_is_written_and_says_what_it_lacks(installation, tmp_path):
    done = installation.run(
        "dailycal", "report", JOURNAL, "--no-html", "--output", tmp_path, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "lacks what is read from the repository" in done.stderr
    assert (tmp_path / "report.json").exists()


@pytest.mark.parametrize(("arguments", "extras"), WITH_EXTRAS, ids=" ".join)
def test_what_needs_an_extra_names_it_and_writes_nothing(installation, tmp_path, arguments, extras):
    done = installation.run("dailycal", *arguments, cwd=tmp_path)
    assert done.returncode == NOT_INSTALLED, done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Error: ")
    plural = "s" * (len(extras) > 1)
    assert f"(extra{plural} {' and '.join(extras)})" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_script_without_salobj_says_so_in_a_sentence(installation, tmp_path):
    script = installation.scripts / "auxtel/make_latiss_calibrations.py"
    done = installation.run(script, "200001", cwd=tmp_path)
    assert done.returncode == NOT_INSTALLED
    assert done.stderr.startswith("make_latiss_calibrations.py: lsst.ts.salobj is not installed")
    assert done.stderr.count("\n") == 1
