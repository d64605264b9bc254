# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes from outside is read, or refused by an error of ours; nothing else ever."""

import contextlib
import json
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rigs import carry_out, make_rig
from searching import examples

from lsst.ts.dailycal.model import (
    ImageName,
    ImageType,
    JobKey,
    JobResult,
    JobStep,
    JournalError,
    Message,
    RunStatistics,
    StatisticsError,
)
from lsst.ts.dailycal.run import RunState, read_journal, read_run_entries
from lsst.ts.dailycal.run.job_report import failed_job
from lsst.ts.dailycal.run.journal import RUN_CODEC
from lsst.ts.dailycal.sal.camera.key_values import parse_additional
from lsst.ts.dailycal.sal.job_id import parse_job_id
from lsst.ts.dailycal.sim.csc.camera.image import join_escaped

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
DEEP = "[" * 100_000


@examples(1000)
@given(text=st.text() | st.from_regex(r"[A-Z]{2}_[A-Z]_\d{8}_\d{6}", fullmatch=True))
def test_an_image_name_is_read_as_it_is_written_or_refused(text):
    try:
        name = ImageName.parse(text)
    except ValueError as error:
        assert len(str(error)) < 500
    else:
        assert str(name) == text
        assert str(ImageName.of_exposure(name.exposure_id)).endswith(text[4:])


@examples(500)
@given(number=st.integers() | st.integers(10**12, 10**13))
def test_an_exposure_id_is_read_as_it_is_written_or_refused(number):
    with contextlib.suppress(ValueError):
        assert ImageName.of_exposure(number).exposure_id == number


@st.composite
def statistics(draw):
    """What cp_verify writes, with things in it that it would not."""
    keys = st.integers() | st.text(string.digits, max_size=25) | st.sampled_from(["SUCCESS", "RUN"])
    words = st.sampled_from(["RXX_S00", "C00", "NOISE", "MEAN", ""])
    failures = st.lists(st.builds(" ".join, st.lists(words, max_size=4)), max_size=5) | anything
    exposure = st.fixed_dictionaries(
        {}, optional={"FAILURES": failures, "SUCCESS": st.booleans() | anything}
    )
    raw = draw(st.dictionaries(keys, exposure | anything, max_size=5))
    if draw(st.booleans()):
        raw["SUCCESS"] = draw(st.booleans())
    return raw


@examples(1500)
@given(raw=statistics() | anything)
def test_statistics_are_read_or_refused(raw):
    try:
        parsed = RunStatistics.parse(raw)
    except StatisticsError:
        return
    ids = parsed.exposure_ids
    assert len(set(ids)) == len(ids), "an exposure is counted twice"
    assert parsed.success is raw["SUCCESS"]
    for verdict in parsed.exposures:
        assert isinstance(verdict.success, bool)
        assert all(failure.detector and failure.test for failure in verdict.failures)


@pytest.mark.prevents("D23")
@examples(1000)
@given(
    text=st.text()
    | st.builds(json.dumps, json_values)
    | st.builds(lambda value: json.dumps({"job_id": value}), json_values)
)
def test_a_job_id_is_a_plain_name_or_none(text):
    found = parse_job_id(text)
    assert found == "" or set(found) <= {*string.ascii_letters, *string.digits, *"_.-"}
    assert "/" not in found
    assert not found.startswith((".", "-"))


@pytest.mark.parametrize("text", [DEEP, '{"job_id": ' + DEEP, '{"job_id": ' + "9" * 10_000 + "}"])
def test_an_acknowledgement_that_breaks_the_json_reader_names_no_job(text):
    assert parse_job_id(text) == ""


def test_a_job_id_of_ocps_is_read():
    text = '{"job_id": "85f23b5af0ba44cf967f183c59b1073e"}'
    assert parse_job_id(text) == "85f23b5af0ba44cf967f183c59b1073e"


beside_the_exit_code = (
    st.text()
    | st.builds(json.dumps, json_values)
    | st.builds(
        lambda phase, summary, results: json.dumps(
            {"phase": phase, "errorSummary": summary, "results": results}
        ),
        json_values | st.sampled_from(["queued", "completed", "error"]),
        json_values | st.fixed_dictionaries({"message": json_values}),
        json_values | st.lists(st.fixed_dictionaries({"id": json_values, "uri": json_values})),
    )
)


@pytest.mark.prevents("D24")
@examples(500)
@given(detail=beside_the_exit_code)
def test_d24_whatever_ocps_says_beside_the_exit_code_the_exit_code_counts(detail):
    assert JobResult("0f8d", 0, detail).succeeded
    result = JobResult("0f8d", 1, detail)
    assert not result.succeeded
    error = failed_job(JobKey(JobStep.VERIFY, ImageType.BIAS), result)
    assert error.what == "Job 0f8d (verify BIAS) failed with exit code 1."
    assert error.remedy
    assert len(str(error)) < 1000


@examples(1000)
@given(keys=st.text(), values=st.text())
def test_whatever_the_camera_adds_is_read(keys, values):
    pairs = parse_additional(keys, values)
    assert all(isinstance(item, str) for pair in pairs.items() for item in pair)


@examples(1000)
@given(pairs=st.dictionaries(st.text(min_size=1), st.text(), min_size=1))
def test_whatever_the_camera_escapes_comes_out_as_it_went_in(pairs):
    assert parse_additional(join_escaped(pairs), join_escaped(pairs.values())) == pairs


RECORD = json.loads(RUN_CODEC.encode(Message(20, "hello"), number=0, tai=1.5))


@st.composite
def lines(draw):
    """A line of a journal with something exchanged, cut off or put in."""
    line = json.loads(json.dumps(RECORD))
    where = draw(st.sampled_from([line, line["record"]]))
    key = draw(st.sampled_from([*where, "new"]))
    if draw(st.booleans()):
        where[key] = draw(json_values)
    else:
        where.pop(key, None)
    text = json.dumps(line)
    cut = draw(st.integers(0, len(text)))
    return draw(st.sampled_from([text, text[:cut], text[cut:]]))


@examples(1500)
@given(line=st.text() | st.builds(json.dumps, json_values) | lines())
def test_a_line_of_a_journal_is_read_or_refused(line):
    try:
        entry = RUN_CODEC.decode(line)
    except JournalError:
        return
    assert isinstance(entry.number, int)
    again = RUN_CODEC.encode(entry.event, number=entry.number, tai=entry.tai)
    assert RUN_CODEC.decode(again) == entry


@pytest.fixture(scope="module")
def journal_lines():
    """The journal of a whole run."""
    from lsst.ts.dailycal.testing.loop import run_fast

    return run_fast(_whole_run())


async def _whole_run():
    rig = make_rig("camera_refuses", "ingest_error@DARK/1", "job_error@verify/2")
    async with rig.observatory:
        await carry_out(rig)
    return rig.storage.lines


@examples(300)
@given(data=st.data())
def test_a_damaged_journal_is_read_or_refused(data, journal_lines, tmp_path_factory):
    text = bytearray("".join(f"{line}\n" for line in journal_lines).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        where = data.draw(st.integers(0, len(text) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "drop", "double"])):
            case "flip":
                text[where] ^= data.draw(st.integers(1, 255))
            case "cut":
                del text[where:]
            case "drop":
                del text[where : where + data.draw(st.integers(1, 2000))]
            case "double":
                text[where:where] = text[: data.draw(st.integers(0, where))]
        assume(text)
    path = tmp_path_factory.getbasetemp() / "damaged.jsonl"
    path.write_bytes(bytes(text))
    try:
        RunState(read_journal(path))
        read_run_entries(path)
    except JournalError as error:
        assert str(path) in str(error) or "does not fit" in str(error)


def test_a_journal_of_other_bytes_is_refused_or_empty(tmp_path):
    path = tmp_path / "run.jsonl"
    for content in (b"", b"\n\n", b"\x00" * 1000, b"\xff\xfe", DEEP.encode(), b"null\n", b"[1]\n"):
        path.write_bytes(content)
        try:
            assert read_journal(path) == []
        except JournalError as error:
            assert str(path) in str(error)
