# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lsst.ts.dailycal.pipelines.command import pipeline_environment, pipetask_argv

REQUEST = {
    "pipeline": "${CP_PIPE_DIR}/pipelines/LATISS/cpBias.yaml",
    "config": "-j 8 -i LATISS/calib --register-dataset-types -c 'isr:x=a b'",
    "data_query": "instrument='LATISS' AND detector IN (0) AND exposure IN (1, 2)",
    "output": "u/ocps/1",
}


def test_a_request_becomes_an_argument_vector():
    argv = pipetask_argv("/repo", **REQUEST)
    assert Path(argv[0]).name == "pipetask"
    options = argv[argv.index("run") + 1 :]
    assert options == [
        *("-b", "/repo", "-p", REQUEST["pipeline"], "-i", "LATISS/raw/all"),
        *("-j", "8", "-i", "LATISS/calib", "--register-dataset-types", "-c", "isr:x=a b"),
        *("-j", "1", "-o", "u/ocps/1", "--output-run", "u/ocps/1/run"),
        *("-d", REQUEST["data_query"]),
    ]


def test_the_number_of_processes_can_be_left_as_requested():
    argv = pipetask_argv("/repo", **REQUEST, most_processes=None)
    assert argv.count("-j") == 1


def test_an_open_quotation_is_an_error():
    with pytest.raises(ValueError, match="quotation"):
        pipetask_argv("/repo", **(REQUEST | {"config": "-c 'x"}))


@pytest.mark.prevents("D17")
@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("CP_PIPE_DIR", "cpBias"),
        ("CP_PIPE_DIR", "cpDark"),
        ("CP_VERIFY_DIR", "verifyBias"),
        ("CP_VERIFY_DIR", "verifyDark"),
    ],
)
def test_each_pipeline_is_where_requests_look_for_it(variable, name):
    path = Path(pipeline_environment()[variable]) / "pipelines" / "LATISS" / f"{name}.yaml"
    assert name in yaml.safe_load(path.read_text())["tasks"]


@pytest.mark.parametrize(
    "module",
    [
        "pipelines.combine",
        "pipelines.metrics",
        "pipelines.verify",
        "pipelines.command",
        "butler.certify",
        "butler.ingest",
        "butler.reference",
        "butler.stats",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(module):
    code = (
        f"import sys, lsst.ts.dailycal.{module}; "
        "heavy = ('lsst.daf', 'lsst.pipe', 'numba', 'astropy', 'scipy'); "
        "sys.exit(', '.join(m for m in sys.modules if m.startswith(heavy)) or None)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
