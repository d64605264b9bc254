# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of runs that really took place, in the observatory in memory."""

import asyncio
import json
import math
import pathlib
import re
import subprocess
import sys

import jsonschema
import numpy as np
import pytest

from lsst.ts.dailycal.journal.codec import Entry
from lsst.ts.dailycal.model import ConditionReading, ImageType, Message, Severity
from lsst.ts.dailycal.page import ConditionsRead, judge_readings
from lsst.ts.dailycal.report.compile import compile_report
from lsst.ts.dailycal.report.document import report_schema
from lsst.ts.dailycal.report.html import render_html
from lsst.ts.dailycal.report.plain import to_plain
from lsst.ts.dailycal.report.readings import instrument_rows
from lsst.ts.dailycal.run import read_run_entries
from lsst.ts.dailycal.run.journal import RUN_CODEC
from lsst.ts.dailycal.sim.direct.archive import DirectArchive
from lsst.ts.dailycal.version import installed_versions

JOURNALS = pathlib.Path(__file__).parents[2] / "data" / "journals"
GIVEN = {"generate_calibrations": True, "n_bias": 5, "n_dark": 3, "exp_times_dark": 5}


async def run(make_rig, *faults, **given):
    rig = make_rig(*faults)
    async with rig.observatory:
        await rig.make(**{**GIVEN, **given}).execute()
    rig.records = [RUN_CODEC.decode(line) for line in rig.storage.lines]
    rig.report, rig.pixels = compile_report(rig.records, DirectArchive(rig.observatory.store))
    return rig


def schema_errors(report) -> list[str]:
    validator = jsonschema.Draft202012Validator(report_schema())
    plain = json.loads(json.dumps(to_plain(report)))
    return [error.message for error in validator.iter_errors(plain)]


async def test_a_report_holds_every_test_with_the_value_that_verification_wrote_down(make_rig):
    rig = await run(make_rig)
    assert rig.report.missing == ()
    assert schema_errors(rig.report) == []
    for item in rig.report.calibrations:
        job = next(job for job in rig.report.jobs if str(job.key) == f"verify {item.image_type}")
        kind = item.image_type.capitalize()
        details = rig.observatory.store.find([job.collection], f"verify{kind}DetStats")
        wanted = 5 if item.image_type is ImageType.BIAS else 3
        assert len(details) == wanted
        tests = {(test.exposure_id, test.amplifier, test.test): test for test in item.tests}
        assert len(tests) == len(item.tests) == wanted * 16 * 4
        for exposure, detail in details.items():
            for name, amplifier in detail["AMP"].items():
                found = tests[exposure, name, "NOISE"]
                assert found.value == amplifier["NOISE"]
                assert found.limit == pytest.approx(1.05 * detail["METADATA"]["READ_NOISE"][name])
                assert tests[exposure, name, "MEAN"].value == abs(amplifier["MEAN"])
                for test in ("MEAN", "NOISE", "CR_NOISE"):
                    assert tests[exposure, name, test].passed == detail["VERIFY"]["AMP"][name][test]


async def test_a_limit_and_a_value_say_the_same_as_the_verdict_of_the_test(make_rig):
    rig = await run(make_rig, "new_sequencer", generate_calibrations=False)
    tests = [test for item in rig.report.calibrations for test in item.tests]
    assert any(not test.passed for test in tests)
    for test in tests:
        assert test.value is not None
        assert test.limit is not None
        assert test.passed == (test.value <= test.limit), test


async def test_the_pictures_are_those_of_what_was_combined(make_rig):
    rig = await run(make_rig)
    for kind, pixels in rig.pixels.items():
        job = next(job for job in rig.report.jobs if str(job.key) == f"generate {kind}")
        image = rig.observatory.store.find([f"{job.collection}/run"], kind.dataset_type)
        np.testing.assert_array_equal(pixels.combined.pixels, image.pixels)
        assert pixels.in_use is not None
        assert pixels.in_use.facts.run == "LATISS/calib/reference/run"


async def test_every_image_that_was_read_out_is_there_with_what_became_of_it(make_rig):
    rig = await run(make_rig, "end_readout_lost@DARK/2", "ingest_error@BIAS/3")
    state = rig.state
    taken = [item for item in rig.report.exposures if item.image is not None]
    assert [item.image for item in taken] == list(state.planned)
    used = {kind: [] for kind in ImageType}
    for item in taken:
        if item.fate == "used":
            used[item.image_type].append(item.image)
        else:
            assert item.reason
    assert {kind: sorted(names) for kind, names in used.items()} == {
        kind: sorted(state.processed(kind)) for kind in ImageType
    }


async def test_a_page_of_a_report_is_one_file_that_asks_for_nothing(make_rig):
    rig = await run(make_rig)
    html = await asyncio.to_thread(render_html, rig.report, rig.pixels)
    assert "<script" not in html
    assert set(
        re.findall(r'(?:src|href)="(?!data:image/(?:png|svg\+xml);base64,|#)([^"]*)"', html)
    ) <= {""}
    assert "http" not in html.replace("http-equiv", "")
    assert html.count("data:image/png;base64,") == 4
    assert "BIAS and DARK certified" in html


async def test_what_the_observatory_says_is_text_in_the_page_and_nothing_else(make_rig):
    rig = await run(make_rig, n_bias=2, script_mode="BIAS")
    hostile = "<script>alert(1)</script> & <b>"
    line = RUN_CODEC.encode(Message(40, hostile), number=len(rig.records), tai=rig.records[-1].tai)
    records = [*rig.records[:-1], RUN_CODEC.decode(line), rig.records[-1]]
    report, pixels = compile_report(records)
    html = await asyncio.to_thread(render_html, report, pixels)
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;" in html


async def test_a_rejection_stands_at_the_top_with_its_reason(make_rig):
    rig = await run(make_rig, "new_sequencer", generate_calibrations=False)
    html = await asyncio.to_thread(render_html, rig.report, rig.pixels)
    top = html[html.index("<header") : html.index("</header>")]
    assert rig.report.rejected
    assert "rejected" in top
    assert "✗" in top


async def test_a_repository_without_the_results_is_named_and_the_rest_is_reported(make_rig):
    rig = await run(make_rig)
    other = make_rig().observatory
    report, _ = compile_report(rig.records, DirectArchive(other.store))
    assert len(report.missing) >= 3
    assert any("verifyBiasDetStats" in line for line in report.missing)
    assert [item.status for item in report.calibrations] == ["certified", "certified"]
    assert schema_errors(report) == []


@pytest.mark.parametrize("name", ["run_done", "run_failed", "run_killed"])
def test_a_journal_of_an_earlier_version_gives_a_report_without_a_repository(name):
    report, pixels = compile_report(read_run_entries(JOURNALS / f"{name}.jsonl"))
    assert schema_errors(report) == []
    assert report.status == {"run_done": "done", "run_failed": "failed", "run_killed": "open"}[name]
    assert report.run_id in render_html(report, pixels)
    assert all(math.isfinite(item.exposure_time) for item in report.exposures)


def test_what_is_printed_is_what_is_written(tmp_path):
    journal = tmp_path / "run_done.jsonl"
    journal.write_bytes((JOURNALS / "run_done.jsonl").read_bytes())
    command = [sys.executable, "-c", "from lsst.ts.dailycal.cli.main import main; main()", "report"]
    words = [str(journal), "--repo", str(tmp_path / "gone")]
    for option in ("--json", "--no-html"):
        printed = subprocess.run(
            [*command, *words, option], capture_output=True, text=True, check=True, timeout=60
        ).stdout
        if option == "--json":
            first = json.loads(printed)
    written = json.loads(pathlib.Path(printed.strip()).read_text(encoding="utf-8"))
    assert written == first
    assert len(written["reproduce"]) == 3
    assert "gone cannot be opened" in written["missing"][0]


async def test_a_report_says_that_the_job_that_verifies_failed(make_rig):
    rig = await run(make_rig, "job_error@verify/DARK", generate_calibrations=False)
    assert [line for line in rig.report.missing if "job that verifies failed" in line] == [
        "Tests of DARK: the job that verifies failed (exit code 1)."
    ]


async def test_a_report_tells_what_the_script_ran_with_and_what_wrote_the_report(make_rig):
    rig = await run(make_rig)
    installed = dict(installed_versions())
    for name in ("ts_dailycal", "Python"):
        assert rig.report.versions[f"{name} of the run"] == installed[name]
        assert rig.report.versions[f"{name} of the report"] == installed[name]


async def test_the_table_of_the_amplifiers_has_the_difference_of_its_columns(make_rig):
    rig = await run(make_rig)
    html = await asyncio.to_thread(render_html, rig.report, rig.pixels)
    rows = re.findall(r'<tr><th scope="row">C\d\d</th>((?:<td class="number">[^<]*</td>){9})', html)
    assert len(rows) == 32
    for row in rows:
        values = [float(cell) for cell in re.findall(r">([^<]+)</td>", row)]
        for new, in_use, difference in zip(values[::3], values[1::3], values[2::3], strict=True):
            assert difference == pytest.approx(new - in_use, abs=0.0011)


async def test_the_end_of_the_log_of_a_job_stands_in_the_report(make_rig):
    rig = await run(make_rig)
    job = rig.report.jobs[0]
    report, pixels = compile_report(rig.records, logs={job.job_id: ["<first>", "last"]})
    assert [(log.job, log.lines) for log in report.logs] == [(job.key, ("<first>", "last"))]
    html = await asyncio.to_thread(render_html, report, pixels)
    assert "&lt;first&gt;\nlast</pre>" in html


async def test_temperatures_and_pressures_stand_against_their_limits_over_the_run(make_rig):
    rig = await run(make_rig, n_bias=2, script_mode="BIAS")
    page = [
        Entry(number, rig.records[0].tai + 60.0 * number, ConditionsRead("calibrations", readings))
        for number, readings in enumerate(
            judge_readings([ConditionReading("ccd", value), ConditionReading("vacuum", 1e-6)])
            for value in (-104.0, -102.5, -104.1)
        )
    ]
    report, pixels = compile_report(rig.records, page=page)
    assert schema_errors(report) == []
    assert [item.readings[0].value for item in report.readings] == [-104.0, -102.5, -104.1]
    ccd, vacuum = instrument_rows(report.readings)
    assert (ccd.low, ccd.high, ccd.last, ccd.limits) == (
        "-104.1",
        "-102.5",
        "-104.1",
        "-105 to -103",
    )
    assert (ccd.severity, vacuum.severity) == (Severity.WARNING, Severity.OK)
    html = await asyncio.to_thread(render_html, report, pixels)
    assert "Temperatures and pressures over the run" in html
    assert "outside limits" in html
