# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import asyncio
import json
import pathlib
import re

import pytest
from page_pictures import make_frame

from lsst.ts.dailycal.model import ConditionReading, ExposureTaken, ImageName, Message
from lsst.ts.dailycal.page import (
    PAGE_CODEC,
    ConditionsRead,
    PageStarted,
    StepQueued,
    StepStarted,
    judge_readings,
)
from lsst.ts.dailycal.report.parts import AMPLIFIER_ORDER
from lsst.ts.dailycal.run.journal import RUN_CODEC
from lsst.ts.dailycal.run.lock import run_lock
from lsst.ts.dailycal.web.pictures import PictureError, PictureMaker

RUN = "20261123T143000-200001"


async def get(client, path, **kwargs):
    answer = await client.get(path, **kwargs)
    return answer.status, await answer.text(), answer.headers


async def events(answer, count):
    """Read so many events of a stream."""
    found = []
    while len(found) < count:
        fields = {}
        while line := (await asyncio.wait_for(answer.content.readline(), 20)).decode().strip():
            name, _, value = line.partition(": ")
            fields[name] = value
        if fields.get("event"):
            found.append(fields)
    return found


async def test_the_page_has_the_essentials_without_any_script(client, write):
    write()
    status, text, _ = await get(client, f"/runs/{RUN}")
    assert status == 200
    for words in ("All is well", "BIAS verified, 3 of 3 images", "4 of 4", "BIAS NOISE",
                  "AT_O_", "Verification"):  # fmt: skip
        assert words in text
    assert text.count('class="cell good"') == 5
    assert text.count('class="cell none"') == 2


async def test_the_list_leads_to_every_run(client, write):
    write()
    status, text, _ = await get(client, "/")
    assert status == 200
    assert f'href="/runs/{RUN}"' in text
    assert "UTC" in text


async def test_a_list_without_runs_says_so(client):
    status, text, _ = await get(client, "/")
    assert (status, "There is no run yet" in text) == (200, True)


@pytest.mark.parametrize("path", ["/", f"/runs/{RUN}", "/static/live.js", "/runs/nothing", "/x"])
async def test_every_answer_forbids_what_is_not_from_here(client, write, path):
    write()
    _, _, headers = await get(client, path)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


async def test_no_page_has_a_style_or_a_script_of_its_own(client, write):
    write()
    for path in ("/", f"/runs/{RUN}", f"/runs/{RUN}/frames/{(await images(client))[0]}"):
        _, text, _ = await get(client, path)
        assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", text)
        assert re.findall(r"<script[^>]*>", text) in (
            [],
            [f'<script src="/static/{name}.js" defer>' for name in ("live", "map")],
        )


async def images(client):
    answer = await client.get(f"/runs/{RUN}.json")
    return [item["image"] for item in (await answer.json())["exposures"]]


async def test_what_the_observatory_says_is_text_and_nothing_else(client, write, lines):
    hostile = '<img src=x onerror="alert(1)">'
    record = RUN_CODEC.decode(lines[-1])
    line = RUN_CODEC.encode(Message(40, hostile), number=len(lines), tai=record.tai)
    write(None, [line if line.endswith("\n") else f"{line}\n"])
    _, text, _ = await get(client, f"/runs/{RUN}")
    assert "<img src=x" not in text
    assert "&lt;img src=x onerror=&#34;alert(1)&#34;&gt;" in text


@pytest.mark.parametrize(
    "path",
    [
        "/runs/..%2f..%2fetc%2fpasswd", "/static/..%2fapp.py", "/runs/nothing",
        f"/runs/{RUN}/frames/passwd.png", f"/runs/{RUN}/frames/AT_O_20261123_000099",
        f"/runs/{RUN}/plots/other.svg", f"/runs/{RUN}/jobs/..%2f..%2fsecret",
        f"/runs/{RUN}/jobs/nothing",
    ],
)  # fmt: skip
async def test_what_is_not_there_is_not_found_wherever_the_address_leads(client, write, path):
    write()
    answer = await client.get(path)
    assert answer.status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_nothing_can_be_changed(client, write, method):
    write()
    answer = await client.request(method, f"/runs/{RUN}")
    assert answer.status == 405


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:1", 200), ("localhost", 200), ("[::1]:8", 200), ("evil.example", 421),
     ("localhost.evil.example:80", 421)],
)  # fmt: skip
async def test_another_name_than_this_machines_is_refused(client, host, status):
    found, _, _ = await get(client, "/", headers={"Host": host})
    assert found == status


async def test_a_reader_gets_all_parts_and_then_those_that_change(client, write, lines, journal):
    taken = [n for n, line in enumerate(lines) if isinstance(RUN_CODEC.decode(line).event,
                                                             ExposureTaken)]  # fmt: skip
    write(taken[1])
    # Without an owner it would be taken for over.
    with run_lock(journal).hold("a test"):
        answer = await client.get(f"/runs/{RUN}/events")
        (first,) = await events(answer, 1)
        parts = json.loads(first["data"])
        assert {"headline", "timeline", "progress"} <= set(parts)
        assert "Running" in parts["headline"]
        write(taken[1] + 1)
        (second,) = await events(answer, 1)
        assert "timeline" in json.loads(second["data"])
        assert "conditions" not in json.loads(second["data"])
        again = await client.get(f"/runs/{RUN}/events", headers={"Last-Event-ID": second["id"]})
        late = await client.get(f"/runs/{RUN}/events")
        (whole,) = await events(late, 1)
        assert set(json.loads(whole["data"])) == set(parts)
    write()
    rest = await events(again, 2)
    assert "All is well" in json.loads(rest[0]["data"])["headline"]
    assert rest[-1]["event"] == "over"


async def test_a_page_is_not_sent_the_parts_that_it_has(client, write):
    write()
    _, html, _ = await get(client, f"/runs/{RUN}")
    address = re.search(r'data-events="([^"]+)"', html)[1]
    (only,) = await events(await client.get(address), 1)
    assert only["event"] == "over"


async def test_a_picture_is_made_once_for_all_who_ask(client, write, frames):
    write()
    second, third = (await images(client))[1:3]
    image = f"/runs/{RUN}/frames/{third}"
    answers = await asyncio.gather(*(client.get(f"{image}.png") for _ in range(4)))
    bodies = [await answer.read() for answer in answers]
    assert {answer.status for answer in answers} == {200}, bodies[0]
    exposure = ImageName.parse(third).exposure_id
    assert set(bodies) == {make_frame(str(frames), exposure, "detector", "")}
    assert answers[0].content_type == "image/png"
    missing, text, _ = await get(client, f"/runs/{RUN}/frames/{second}.png")
    assert (missing, "cannot be read" in text) == (404, True)


async def test_the_numbers_of_each_amplifier_are_drawn(client, write):
    write()
    answer = await client.get(f"/runs/{RUN}/plots/noise.svg")
    assert answer.status == 200
    assert answer.content_type == "image/svg+xml"
    assert "noise (ADU)" in await answer.text()


async def test_behind_each_plot_there_is_a_table_of_its_numbers(client, write):
    write()
    _, text, _ = await get(client, f"/runs/{RUN}")
    tables = re.findall(r"<summary>([^<]*): the numbers</summary>(.*?)</table>", text, re.DOTALL)
    assert len(tables) == 3
    (noise,) = [rows for name, rows in tables if name == "Noise of the image"]
    report = await (await client.get(f"/runs/{RUN}.json")).json()
    first = report["exposures"][0]
    number = ImageName.parse(first["image"]).seq_num
    row = re.search(rf'<tr><th scope="row">BIAS {number}</th>(.*?)</tr>', noise)[1]
    shown = re.findall(r">([^<]+)</td>", row)
    values = {item["name"]: item["data_noise"] for item in first["measurement"]["amplifiers"]}
    assert shown == [f"{values[name]:.2f}" for name in AMPLIFIER_ORDER]


async def test_a_journal_that_is_damaged_is_said_in_words(client, write, journal):
    write()
    journal.write_text("{}\n", encoding="utf-8")
    status, text, _ = await get(client, f"/runs/{RUN}")
    assert status == 500
    assert "The journal cannot be read" in text


async def test_a_picture_that_hangs_is_given_up_and_the_next_one_is_made(
    monkeypatch, taken, frames
):
    async with PictureMaker(make_frame) as pictures:
        with monkeypatch.context() as patch:
            patch.setattr("lsst.ts.dailycal.web.pictures.DEADLINE", 3.0)
            with pytest.raises(PictureError, match="not made within 3 s"):
                await pictures.frame("hanging", 2026112300003, "detector", "")
        exposure = taken.store.raws[-1].exposure.name.exposure_id
        found = await pictures.frame(str(frames), exposure, "detector", "")
    assert found.startswith(b"\x89PNG")


async def test_a_picture_of_an_image_of_another_run_is_not_shown(client, write):
    write()
    status, text, _ = await get(client, f"/runs/{RUN}/frames/AT_O_20261123_000099.png")
    assert (status, "took no image" in text) == (404, True)


async def test_the_json_of_a_page_has_its_steps_before_any_image(client, journal):
    recorded = pathlib.Path(__file__).parents[2] / "data" / "journals" / "page_done.jsonl"
    first = recorded.read_text(encoding="utf-8").splitlines(keepends=True)[:2]
    pages = journal.parent / "pages"
    pages.mkdir(parents=True)
    name = json.loads(first[0])["record"]["run_id"]
    (pages / f"{name}.jsonl").write_text("".join(first), encoding="utf-8")
    answer = await client.get(f"/runs/{name}.json")
    found = await answer.json()
    assert answer.status == 200
    assert len(found["steps"]) > 3
    assert {"name", "title", "status"} <= set(found["steps"][0])
    assert "exposures" not in found


@pytest.fixture
def page(journal, lines) -> str:
    """A page whose script made the run, and that read the instruments meanwhile."""
    begin = RUN_CODEC.decode(lines[0]).tai
    readings = judge_readings([ConditionReading("ccd", -102.5), ConditionReading("vacuum", 1e-6)])
    events = (
        PageStarted("page-1", "bias-dark", (("calibrations", ""),), 60.0, "0"),
        StepStarted("calibrations", "x.py", ""),
        StepQueued("calibrations", 200001),
        ConditionsRead("calibrations", readings),
        ConditionsRead("calibrations", readings),
    )
    pages = journal.parent / "pages"
    pages.mkdir(parents=True)
    text = [
        PAGE_CODEC.encode(item, number=n, tai=begin - 5 + 4 * n) for n, item in enumerate(events)
    ]
    (pages / "page-1.jsonl").write_text("".join(f"{line.strip()}\n" for line in text))
    return "page-1"


async def test_temperatures_and_pressures_are_shown_against_their_limits(client, write, page):
    write()
    status, text, _ = await get(client, f"/runs/{page}")
    assert status == 200
    row = re.search(r"<tr><th scope=\"row\">CCD temperature.*", text)[0]
    assert "outside limits" in row
    assert "-105 to -103" in row
    address = re.search(r'src="(/runs/page-1/instruments.svg[^"]*)"', text)[1]
    status, svg, headers = await get(client, address)
    assert (status, headers["Content-Type"]) == (200, "image/svg+xml")
    assert "CCD temperature (°C)" in svg
    assert "time (UTC)" in svg


async def test_a_run_without_a_page_has_no_picture_of_its_instruments(client, write):
    write()
    status, text, _ = await get(client, f"/runs/{RUN}/instruments.svg")
    assert (status, "were not read" in text) == (404, True)
