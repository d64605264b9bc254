# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``dailycal``."""

__all__ = ["cli", "main"]

import contextlib
import errno
import importlib
import io
import os
import signal
import sys
import typing
import warnings
from collections.abc import Iterator, Mapping

import click

from ..version import VERSION
from .errors import Left
from .exit_codes import EXIT_CODES_HELP, ExitCode
from .help import SETTINGS, write_examples

# name: module, attribute, help. Kept here so that `dailycal --help` imports none of them.
COMMANDS: Mapping[str, tuple[str, str, str]] = {
    "run": ("page.run", "run", "Carry out the whole procedure page through a script queue."),
    "check": ("page.check", "check", "Look at the preconditions of the procedure page."),
    "block": ("page.block", "block", "Validate an observing block, or run it on a script queue."),
    "rehearse": ("simulate.rehearse", "rehearse", "Do the main job in a simulated observatory."),
    "script": ("script.command", "script", "Run one SAL script, and follow it."),
    "simulate": (
        "simulate.command",
        "simulate",
        "Start a simulated observatory, and leave it running.",
    ),
    "reduce": ("reduce.command", "reduce", "Make bias and dark of raw files, without observatory."),
    "judge": ("reduce.judge", "judge", "Apply the accept rule to statistics in a file."),
    "repo": ("repo", "repo", "Make a repository, add frames; show, export, withdraw calibrations."),
    "runs": ("runs.command", "runs", "List the runs that have a journal."),
    "status": ("runs.command", "status", "Tell what a run has done so far, from its journal."),
    "watch": ("watch.command", "watch", "Watch a run under way, from any terminal."),
    "serve": ("serve.command", "serve", "Show runs in a browser, live."),
    "report": ("report.command", "report", "Write the report of a run: a page with its pictures."),
    "stats": ("report.stats", "stats", "Print value and limit of every verification test."),
    "resume": ("runs.resume", "resume", "Finish a run that failed, was stopped or was killed."),
    "faults": ("faults", "faults", "List the faults that can be rehearsed."),
    "schema": ("schema", "schema", "Print the JSON schemas of what --json prints."),
    "version": ("version", "version", "Print the versions of what matters."),
}

_PREPARING = (["run"], ["block"], ["rehearse"], ["simulate"])
"""Commands that prepare something for a long time, and find it again."""
EXAMPLES = (
    "dailycal run --small",
    "dailycal script auxtel/make_latiss_calibrations.py -p script_mode=BIAS_DARK",
    "dailycal status --last",
)


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of use."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f".{module}", __package__), attribute)
        return typing.cast("click.Command", command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; suggest one for a name that is misspelt."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(unknown_command(args[0]), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])
        write_examples(formatter, EXAMPLES)


def unknown_command(name: str) -> str:
    """Say that there is no such command, and which one may be meant (`str`)."""
    import difflib

    close = difflib.get_close_matches(name, COMMANDS, n=1)
    return f"There is no command {name!r}" + (f"; is {close[0]} meant?" if close else ".")


@click.command(
    cls=LazyGroup,
    context_settings=SETTINGS,
    epilog=EXIT_CODES_HELP,
)
@click.version_option(VERSION, prog_name="dailycal", message="%(prog)s %(version)s")
def cli() -> None:
    """Take, verify and certify the daily bias and dark calibrations of LATISS.

    Everything can be tried without an observatory: `dailycal run` carries out the whole procedure
    page in a simulated one on this machine, unless --real is given; `dailycal rehearse` does so
    with the script alone.
    """


def _open_streams() -> None:
    """Open the standard streams that are closed, as those of a daemon may be: for nothing."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # It gets the number that is free, so that no other file is taken for the stream.
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


@contextlib.contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does, wherever nothing better is installed."""

    def interrupt(number: int, frame: object) -> None:
        handler = signal.getsignal(signal.SIGINT)
        if handler in (signal.SIG_IGN, signal.SIG_DFL):  # as in the background of a shell
            raise KeyboardInterrupt
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def run_command(command: click.Command, name: str) -> typing.NoReturn:
    """Run a command of ours, and exit with a code that says what happened."""
    _open_streams()
    # Of a busy machine, when a reader of salobj has not yet seen that its domain is closed.
    warnings.filterwarnings("ignore", "After Domain.close num_read_loops", UserWarning)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A character that the terminal lacks is no reason to end.
            stream.reconfigure(errors="replace")
    try:
        with _terminated_as_interrupted():
            result = command.main(prog_name=name, standalone_mode=False)
    except (click.Abort, KeyboardInterrupt) as error:
        print(f"Interrupted.{_again(error)}", file=sys.stderr)
        sys.exit(ExitCode.INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - what a person sees must not be a traceback
        sys.exit(_end(error))
    sys.exit(result if isinstance(result, int) else ExitCode.OK)


def _again(error: BaseException) -> str:
    """Say what to type after Ctrl-C, for a command that has only prepared what it was to do."""
    from ..model import Command

    cause = error.__cause__ if isinstance(error, click.Abort) else error
    words = sys.argv[1:]
    if words[:1] not in _PREPARING or not isinstance(cause, KeyboardInterrupt):
        return ""
    if isinstance(cause, Left):
        return ""
    if words[0] == "rehearse":  # what is there is complete, or will be made anew
        words = [word for word in words if word not in {"--yes", "-y", "--keep"}] + ["--keep"]
    return f" Again:  {Command(('dailycal', *words))}"


def _end(error: Exception) -> int:
    """Say what ended a command, to a program as well if that is what asks; return the code."""
    from .explain import Explanation, explain, is_full_output

    if isinstance(error, OSError) and is_full_output(error):
        return _give_up_output(error)
    found = explain(error)
    if found is not None and isinstance(error, click.ClickException):
        error.show()  # with the usage, where that helps
    elif found is not None:
        print(found.text, file=sys.stderr)
    else:
        import traceback

        traceback.print_exception(error)
        print("This is a defect of dailycal; please report the lines above.", file=sys.stderr)
        found = Explanation(f"{type(error).__name__}: {error}", ExitCode.INTERNAL)
    if "--json" in sys.argv:
        from .output import print_json

        print_json({"event": "Error", "text": found.text, "advice": found.advice,
                    "exit_code": int(found.code)})  # fmt: skip
    return found.code


def _give_up_output(error: OSError) -> int:
    """Write nothing more: what is left in the buffer would fail again at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno == errno.EPIPE:
        return 128 + signal.SIGPIPE  # whoever read has seen enough, as with `head`
    print(f"Error: the output cannot be written: {error.strerror}.", file=sys.stderr)
    return ExitCode.IO


def main() -> typing.NoReturn:
    """Run ``dailycal``."""
    run_command(cli, "dailycal")
