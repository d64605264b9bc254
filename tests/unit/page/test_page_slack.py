# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Announcements on Slack, against a local server that speaks its API."""

import asyncio
import logging

import pytest
from aiohttp import web

from lsst.ts.dailycal.announce.choose import make_announcer
from lsst.ts.dailycal.announce.console import ConsoleAnnouncer
from lsst.ts.dailycal.announce.slack import SlackAnnouncer
from lsst.ts.dailycal.page import announce_before

TOKEN = "xoxb-very-secret"  # noqa: S105 - the token of a server in this file
CHANNELS = ["#summit-announce", "#summit-auxtel"]


class SlackServer:
    """Answers chat.postMessage as Slack does."""

    def __init__(self):
        self.posts = []
        self.answers = {}
        self.tries = dict.fromkeys(CHANNELS, 0)

    async def post(self, request):
        form = await request.json()
        channel = form["channel"]
        self.tries[channel] += 1
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        answer = self.answers.get(channel)
        if answer == "hang":
            await asyncio.sleep(60)
        if answer == "limited once" and self.tries[channel] == 1:
            return self.limited(0)
        if answer == "limited":
            return self.limited(30)
        if answer == "broken":
            return web.Response(status=500, text="<html>oops</html>")
        if answer not in (None, "limited once"):
            return web.json_response({"ok": False, "error": answer})
        self.posts.append((channel, form["text"]))
        return web.json_response({"ok": True, "channel": "C1", "ts": "1.2"})

    @staticmethod
    def limited(seconds):
        return web.json_response(
            {"ok": False, "error": "ratelimited"},
            status=429,
            headers={"Retry-After": str(seconds)},
        )


@pytest.fixture
async def slack(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    server = SlackServer()
    application = web.Application()
    application.router.add_post("/api/chat.postMessage", server.post)
    runner = web.AppRunner(application, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    server.url = f"http://127.0.0.1:{port}/api/"
    yield server
    await runner.cleanup()


async def announce(server, token=TOKEN, timeout=3.0):
    return await SlackAnnouncer(token, server.url).announce(announce_before(), timeout)


async def test_both_channels_get_the_text(slack):
    assert await announce(slack) == []
    assert sorted(channel for channel, _ in slack.posts) == CHANNELS
    assert {text for _, text in slack.posts} == {announce_before().text}


async def test_a_channel_that_refuses_is_told_with_what_to_do_and_the_other_gets_it(slack):
    slack.answers["#summit-auxtel"] = "not_in_channel"
    (problem,) = await announce(slack)
    assert problem == (
        "#summit-auxtel: Slack refused it, not_in_channel: invite the app to the channel."
    )
    assert [channel for channel, _ in slack.posts] == ["#summit-announce"]


async def test_a_wrong_token_is_told_and_not_shown(slack, caplog):
    caplog.set_level(logging.DEBUG)
    problems = await announce(slack, "xoxb-other-secret")
    assert len(problems) == 2
    assert "DAILYCAL_SLACK_TOKEN holds no valid token" in problems[0]
    assert "secret" not in "".join(problems) + caplog.text


async def test_a_rate_limit_that_passes_is_waited_for(slack):
    slack.answers["#summit-auxtel"] = "limited once"
    assert await announce(slack) == []
    assert slack.tries["#summit-auxtel"] == 2


@pytest.mark.parametrize("answer", ["limited", "hang"])
async def test_nobody_waits_longer_than_the_deadline(slack, answer):
    slack.answers["#summit-auxtel"] = answer
    async with asyncio.timeout(5.0):
        (problem,) = await announce(slack, timeout=0.5)
    assert problem == "#summit-auxtel: Slack did not take it within 0.5 s."


async def test_a_broken_server_is_told(slack):
    slack.answers = dict.fromkeys(CHANNELS, "broken")
    problems = await announce(slack)
    assert len(problems) == 2
    assert all("#summit-" in problem for problem in problems)


async def test_a_server_that_is_not_there_is_told(unused_tcp_port, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    announcer = SlackAnnouncer(TOKEN, f"http://127.0.0.1:{unused_tcp_port}/api/")
    problems = await announcer.announce(announce_before(), 3.0)
    assert len(problems) == 2
    assert TOKEN not in "".join(problems) + caplog.text + repr(announcer)


def test_slack_is_used_when_there_is_a_token_and_never_by_a_simulation_unasked():
    def choose(simulated, **environment):
        return type(make_announcer(environment, print, simulated=simulated))

    token = {"DAILYCAL_SLACK_TOKEN": TOKEN}
    assert choose(False) is ConsoleAnnouncer
    assert choose(False, **token) is SlackAnnouncer
    assert choose(True, **token) is ConsoleAnnouncer
    assert choose(True, **token, DAILYCAL_SLACK_URL="http://127.0.0.1:1/") is SlackAnnouncer


async def test_the_console_names_the_channels_and_says_that_nothing_was_sent():
    lines = []
    announcer = make_announcer({}, lines.append, simulated=False)
    assert await announcer.announce(announce_before(), 1.0) == ()
    (line,) = lines
    assert line.startswith(
        "[#summit-announce #summit-auxtel, not sent: DAILYCAL_SLACK_TOKEN is not set] AuxTel:"
    )
