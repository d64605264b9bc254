# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is printed after Ctrl-C: the one command that goes on, unless that was said already."""

import asyncio
import signal

import click
import pytest

from lsst.ts.dailycal.cli.errors import Left
from lsst.ts.dailycal.cli.main import run_command


def interrupted(capsys, monkeypatch, error, *args):
    """Interrupt a command; give its exit code and the last line that it prints."""

    @click.command(context_settings={"ignore_unknown_options": True})
    @click.argument("words", nargs=-1, type=click.UNPROCESSED)
    def command(words):
        raise error

    monkeypatch.setattr("sys.argv", ["dailycal", *args])
    with pytest.raises(SystemExit) as caught:
        run_command(command, "dailycal")
    return caught.value.code, capsys.readouterr().err.strip()


@pytest.mark.parametrize(
    ("args", "again"),
    [
        (("run", "--small"), "dailycal run --small"),
        (("run", "--directory", "my run"), "dailycal run --directory 'my run'"),
        (("rehearse", "--small", "--yes"), "dailycal rehearse --small --keep"),
        (("block", "run", "x.json"), "dailycal block run x.json"),
        (("simulate", "--enable"), "dailycal simulate --enable"),
    ],
)
def test_a_command_that_was_preparing_something_is_typed_again(capsys, monkeypatch, args, again):
    code, text = interrupted(capsys, monkeypatch, KeyboardInterrupt(), *args)
    assert (code, text) == (130, f"Interrupted. Again:  {again}")


@pytest.mark.parametrize(
    ("error", "args"),
    [(KeyboardInterrupt(), ("runs",)), (Left(), ("run",)), (click.Abort(), ("rehearse",))],
)
def test_nothing_is_advised_twice_or_where_there_is_nothing_to_do(capsys, monkeypatch, error, args):
    assert interrupted(capsys, monkeypatch, error, *args) == (130, "Interrupted.")


async def wait_for_ever():
    asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGTERM)
    await asyncio.sleep(60.0)


@pytest.mark.parametrize("ignored", [False, True])
@pytest.mark.parametrize(
    "prepare",
    [lambda: signal.raise_signal(signal.SIGTERM), lambda: asyncio.run(wait_for_ever())],
    ids=["blocking", "in a loop"],
)
def test_a_command_that_is_terminated_says_what_to_type_as_well(
    capsys, monkeypatch, prepare, ignored
):
    """A shell starts what goes on in the background with SIGINT ignored."""

    @click.command(context_settings={"ignore_unknown_options": True})
    @click.argument("words", nargs=-1, type=click.UNPROCESSED)
    def command(words):
        prepare()

    monkeypatch.setattr("sys.argv", ["dailycal", "run", "--small"])
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.default_int_handler)
    try:
        with pytest.raises(SystemExit) as caught:
            run_command(command, "dailycal")
        assert signal.getsignal(signal.SIGTERM) == handlers[1]
    finally:
        signal.signal(signal.SIGINT, handlers[0])
    assert caught.value.code == 130
    assert capsys.readouterr().err.strip() == "Interrupted. Again:  dailycal run --small"
