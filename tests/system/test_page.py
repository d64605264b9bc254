# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole procedure page: real processes, real SAL, a queue, a Butler, small frames."""

import contextlib
import http.server
import importlib.resources
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from socket_table import SocketWatch

from lsst.ts.dailycal.procedure import BIAS_DARK
from lsst.ts.dailycal.sim.csc.telescope_log import read_commands

pytestmark = [pytest.mark.system, pytest.mark.timeout(600), pytest.mark.xdist_group("page")]

PROGRAM = [sys.executable, "-c", "from lsst.ts.dailycal.cli.main import main; main()"]
NAMES = [step.name for step in BIAS_DARK.steps]
SHORT = "script_mode: BIAS_DARK\nn_bias: 3\nn_dark: 3\nexp_times_dark: 5\n"


class Result:
    """What a command printed as JSON lines."""

    def __init__(self, process: subprocess.CompletedProcess[str]) -> None:
        self.code = process.returncode
        self.text = process.stdout + process.stderr
        self.events = [json.loads(line) for line in process.stdout.splitlines()]

    def of(self, kind: str) -> list[dict]:
        return [event for event in self.events if event.get("event") == kind]

    @property
    def outcome(self) -> dict:
        assert self.of("Outcome"), self.text
        return self.of("Outcome")[0]

    @property
    def statuses(self) -> dict[str, str]:
        return {step["name"]: step["status"] for step in self.outcome["steps"]}

    @property
    def messages(self) -> str:
        return "\n".join(
            text for event in self.of("StepProgress") for _, text in event["update"]["messages"]
        )


def arguments(command: str, directory: pathlib.Path, *args: str) -> list[str]:
    return [*PROGRAM, *command.split(), "--small", "--directory", str(directory), "--json", *args]


def dailycal(command: str, directory: pathlib.Path, *args: str) -> Result:
    return Result(
        subprocess.run(
            arguments(command, directory, *args), capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=400,
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def directory(tmp_path_factory) -> pathlib.Path:
    """One directory for all, so that its repository is made once."""
    return tmp_path_factory.mktemp("page") / "run"


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
    with (
        subprocess.Popen(
            arguments("run", directory), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL, text=True, env={**os.environ, **slack.environment},
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


def images(directory: pathlib.Path) -> set[str]:
    return {path.name for path in (directory / "raw").rglob("AT_O_*.fits")}


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
        assert f"{name}: ENABLED > DISABLED > STANDBY" in carried_out.messages


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
    assert "ATMCS: STANDBY > DISABLED > ENABLED" in carried_out.messages
    assert [item for item in read_commands(directory) if item.moves] == []


def test_everything_that_is_not_right_is_told_at_once_and_no_shutter_moves(carried_out, directory):
    before = images(directory)
    faults = ("in_fault@ATDome", "camera_publish_only", "ccd_warm", "queue_paused")
    result = dailycal("run", directory, *(f"--fault={fault}" for fault in faults))
    assert result.code == 1, result.text
    reason = result.outcome["reason"]
    for words in (
        "Nothing was started.",
        "ATDome: FAULT, error 2",
        "send ATDome to STANDBY: dailycal script set_summary_state.py",
        "ATCamera: OFFLINE (offline substate PUBLISH_ONLY). Release it from CCS: setAvailable",
        "CCD temperature: -9",
        "outside -107 to -101 °C. Wait until it is back at its set point",
        "ScriptQueue:2: paused.",
        "--resume-queue",
    ):
        assert words in reason
    assert set(result.statuses.values()) == {"not reached"}
    assert not result.of("StepStarted")
    assert not result.of("AnnouncementMade")
    assert images(directory) == before


def test_a_scheduler_without_configuration_is_refused_before_anything_moves(
    carried_out, directory, tmp_path
):
    nothing = tmp_path / "nothing.yaml"
    nothing.write_text("", encoding="utf-8")
    result = dailycal("run", directory, "--config-for", "enable-scheduler", str(nothing))
    assert result.code == 1, result.text
    assert "enable-scheduler: config must be given" in result.outcome["reason"]
    assert "auxtel_fbs_image_photocal.yaml" in result.outcome["reason"]
    assert not result.of("StepStarted")


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
    index = result.outcome["steps"][1]["index"]
    assert "ATSpectrograph went to FAULT" in result.outcome["reason"]
    advice = "\n".join(result.outcome["advice"])
    assert f"ScriptQueue:2 is paused on script {index}" in advice
    assert "dailycal run --from-step enable-latiss" in advice
    assert [event["announcement"]["occasion"] for event in result.of("AnnouncementMade")] == [
        "before",
        "failure",
    ]
    assert images(directory) == before


def test_check_tells_a_program_what_a_person_reads(carried_out, directory):
    result = dailycal("check", directory, "--fault=vacuum_poor", "--fault=board_cold")
    assert result.code == 1, result.text
    (answer,) = result.events
    assert answer["ready"] is False
    severities = {item["subject"]: item["severity"] for item in answer["findings"]}
    assert severities["Dewar pressure"] == "REFUSAL"
    assert severities["WREB board"] == "WARNING"
    others = set(severities) - {"Dewar pressure", "WREB board", "DAQ store free", "Disk"}
    assert {severities[name] for name in others} == {"OK"}


@contextlib.contextmanager
def running(directory: pathlib.Path, *args: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        arguments("run", directory, *args), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def test_a_second_run_is_refused_and_the_first_can_be_stopped(carried_out, directory):
    with running(directory) as first:
        lines = []
        for line in first.stdout:
            lines.append(line)
            if "DARK 2/23" in line:
                break
        second = subprocess.run(
            arguments("run", directory), capture_output=True, text=True, check=False, timeout=60
        )
        first.send_signal(signal.SIGINT)
        rest, errors = first.communicate(timeout=300)
    assert second.returncode == 73
    assert f"process {first.pid}" in second.stderr
    assert "since 20" in second.stderr
    text = "".join(lines) + rest
    result = Result(subprocess.CompletedProcess([], first.returncode, text, errors))
    assert result.code == 130, result.text
    assert result.statuses == {
        **dict.fromkeys(NAMES[:4], "done"),
        "calibrations": "stopped",
        "standby-latiss": "not reached",
    }
    assert any("--from-step calibrations" in line for line in result.outcome["advice"])


def test_a_block_is_run_in_order_on_the_queue(carried_out, directory):
    block = importlib.resources.files("lsst.ts.dailycal").joinpath(
        "data", "blocks", "block-latiss-daily-bias-dark.json"
    )
    overrides = ("-p", "n_bias=2", "-p", "n_dark=2", "-p", "exp_times_dark=5")
    before = images(directory)
    result = dailycal("block run", directory, str(block), *overrides)
    assert result.code == 0, result.text
    assert result.statuses == {"1-make-latiss-calibrations": "done"}
    assert len(images(directory) - before) == 6


def test_a_simulated_observatory_that_is_there_is_joined(carried_out, directory):
    command = [*PROGRAM, "simulate", "--small", "--json", "--directory", str(directory)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as observatory:
        try:
            environment = {**os.environ, **json.loads(observatory.stdout.readline())["environment"]}
            outside = directory.parent
            checked = subprocess.run(
                [*PROGRAM, "check", "--json"], capture_output=True, text=True, check=False,
                env=environment, cwd=outside, timeout=120,
            )  # fmt: skip
            real = subprocess.run(
                [*PROGRAM, "check", "--real"], capture_output=True, text=True, check=False,
                env=environment, cwd=outside, timeout=60,
            )  # fmt: skip
        finally:
            observatory.send_signal(signal.SIGINT)
            _, errors = observatory.communicate(timeout=60)
    assert observatory.returncode == 0, errors
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert json.loads(checked.stdout)["ready"] is True
    assert not checked.stderr  # it did not start one of its own
    assert real.returncode == 64
    assert "is that of a simulated observatory" in real.stderr
