# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The public test kit, used as the documentation says: from outside, by a foreign script."""

import pathlib
import shutil
import subprocess
import sys

EXAMPLES = pathlib.Path(__file__).parents[2] / "doc" / "examples"


def run_pytest(directory, *arguments):
    """Run the tests of a directory as whoever has only installed the package does."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def test_the_tests_of_the_foreign_script_in_the_documentation_pass(tmp_path):
    shutil.copytree(EXAMPLES, tmp_path / "example")
    (tmp_path / "example" / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    result = run_pytest(tmp_path / "example")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "3 passed" in result.stdout


def test_the_plugin_loads_nothing_heavy_before_a_fixture_is_asked_for():
    program = (
        "import sys, lsst.ts.dailycal.testing.plugin\n"
        "print({'lsst.ts.salobj', 'dds', 'lsst.daf.butler', 'numpy'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.strip() == "set()"


def test_pytest_finds_the_fixtures_where_the_package_is_installed(tmp_path):
    result = run_pytest(tmp_path, "--fixtures")
    assert "simulated_observatory [module scope]" in result.stdout
    assert "sal_scripts" in result.stdout
