# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole procedure page: real processes, real SAL, a queue, a Butler, small frames."""

import http.server
import json
import os
import pathlib
import re
import subprocess
import threading
from collections.abc import Iterator

import pytest
from page_kit import NAMES, Result, arguments, dailycal, images, with_repository
from socket_table import SocketWatch

from lsst.ts.dailycal.forking import SERVER_VARIABLE
from lsst.ts.dailycal.page import BIAS_DARK
from lsst.ts.dailycal.sim.csc.telescope.log import read_commands

pytestmark = [pytest.mark.system, pytest.mark.timeout(600), pytest.mark.xdist_group("page")]

SHORT = "script_mode: BIAS_DARK\nn_bias: 3\nn_dark: 3\nexp_times_dark: 5\n"


@pytest.fixture(scope="module")
def directory(tmp_path_factory, small_repository) -> pathlib.Path:
    """One directory for all."""
    return with_repository(tmp_path_factory.mktemp("page") / "run", small_repository)


@pytest.fixture(scope="module")
def short(tmp_path_factory) -> tuple[str, str, str]:
    path = tmp_path_factory.mktemp("config") / "short.yaml"
    path.write_text(SHORT, encoding="utf-8")
    return "--config-for", "calibrations", str(path)


class Slack(http.server.ThreadingHTTPServer):
    """Takes announcements as Slack does, and looks at the sockets while it is spoken to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), SlackRequest)
        self.posts: list[dict] = []
        self.watch: SocketWatch | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DAILYCAL_SLACK_TOKEN": "a token of this test",
            "DAILYCAL_SLACK_URL": f"http://127.0.0.1:{self.server_port}/api/",
            "no_proxy": "*",
        }


class SlackRequest(http.server.BaseHTTPRequestHandler):
    server: Slack

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.watch is not None:
            self.server.watch.look()
        self.server.posts.append(json.loads(body))
        answer = b'{"ok": true, "channel": "C1", "ts": "1.2"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def slack() -> Iterator[Slack]:
    with Slack() as server:
        thread = threading.Thread(target=server.serve_forever, name="slack")
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def watched(directory, slack) -> tuple[Result, SocketWatch]:
    """The whole page with its own numbers of images and with a Slack, done once."""
    # All its processes are its own, so that their sockets can be found.
    own = {name: value for name, value in os.environ.items() if name != SERVER_VARIABLE}
    with (
        subprocess.Popen(
            arguments("run", directory), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL, text=True, env={**own, **slack.environment},
        ) as process,
        SocketWatch(process.pid) as watch,
    ):  # fmt: skip
        slack.watch = watch
        try:
            output, errors = process.communicate(timeout=400)
        finally:
            slack.watch = None
            if process.poll() is None:
                process.kill()
    return Result(subprocess.CompletedProcess([], process.returncode, output, errors)), watch


@pytest.fixture(scope="module")
def carried_out(watched) -> Result:
    """What became of the whole page."""
    return watched[0]


def test_every_step_of_the_page_is_done_as_a_script_of_the_queue(carried_out):
    assert carried_out.code == 0, carried_out.text
    assert carried_out.statuses == dict.fromkeys(NAMES, "done")
    indices = [step["index"] for step in carried_out.outcome["steps"]]
    assert all(200_000 <= index < 300_000 for index in indices)
    assert indices == sorted(set(indices))


def test_all_images_are_taken_and_verified_and_latiss_is_left_in_standby(carried_out, directory):
    assert "BIAS verified, 20 of 20 images; DARK verified, 22 of 22 images" in carried_out.messages
    assert len(images(directory)) >= 44
    for name in ("ATCamera", "ATSpectrograph", "ATHeaderService", "ATOODS"):
        assert name in who_went(carried_out, "ENABLED > DISABLED > STANDBY")


def who_went(result, path):
    """Find the components that a script brought along a path; one message is about several."""
    groups = re.findall(rf"([\w:, ]+): {re.escape(path)}", result.messages)
    return {name.strip() for group in groups for name in group.split(",")}


def test_everybody_is_told_before_and_after(carried_out):
    made = [event["announcement"] for event in carried_out.of("AnnouncementMade")]
    assert [item["occasion"] for item in made] == ["before", "after"]
    assert all(item["channels"] == ["#summit-announce", "#summit-auxtel"] for item in made)


def test_slack_was_told_what_everybody_was_told(carried_out, slack):
    made = [event["announcement"] for event in carried_out.of("AnnouncementMade")]
    told = [(channel, item["text"]) for item in made for channel in item["channels"]]
    assert sorted((post["channel"], post["text"]) for post in slack.posts) == sorted(told)


def test_no_process_of_the_page_had_a_socket_off_the_loopback(watched, slack):
    _, watch = watched
    for word in ("ATCamera", "ATOODS", "OCPS:1", "ATDome", "ScriptQueue:2"):
        assert watch.saw(word), word
    for step in BIAS_DARK.steps:
        assert watch.saw(step.script.path.rpartition("/")[2]), step.script
    assert slack.server_port in watch.peers
    assert watch.strays == []
    assert watch.joined == set()


def test_no_telescope_component_received_a_motion_command(carried_out, directory):
    # They were there and obeyed: they were enabled.
    assert {"ATMCS", "ATPtg", "ATDome"} <= who_went(carried_out, "STANDBY > DISABLED > ENABLED")
    assert [item for item in read_commands(directory) if item.moves] == []


def test_a_component_that_fails_on_the_way_stops_the_page_and_pauses_the_queue(
    carried_out, directory, short
):
    before = images(directory)
    result = dailycal("run", directory, *short, "--fault=transition_fault@ATSpectrograph")
    assert result.code == 1, result.text
    assert result.statuses == {
        "enable-atcs": "done",
        "enable-latiss": "failed",
        **dict.fromkeys(NAMES[2:], "not reached"),
    }
    assert "ATSpectrograph went to FAULT" in result.outcome["reason"]
    assert result.outcome["headline"] == (
        "Step enable-latiss failed: 1 of 4 components did not become ENABLED: "
        "ATSpectrograph went to FAULT on command start."
    )
    assert result.outcome["command"] == (
        f"dailycal run --small --directory {directory} --resume {result.outcome['run_id']}"
    )
    assert [event["announcement"]["occasion"] for event in result.of("AnnouncementMade")] == [
        "before",
        "failure",
    ]
    assert images(directory) == before
