# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from lsst.ts.dailycal.cli.errors import CommandError
from lsst.ts.dailycal.cli.exit_codes import ExitCode
from lsst.ts.dailycal.cli.main import COMMANDS, cli, run_command
from lsst.ts.dailycal.model import ConfigurationError, JournalError


def run(*args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    program = [sys.executable, "-c", "from lsst.ts.dailycal.cli.main import main; main()"]
    return subprocess.run(
        [*program, *args], env={**os.environ, **environment}, capture_output=True, text=True,
        check=False, stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip


def walk(command: click.Command, names: tuple[str, ...] = ()):
    yield names
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from walk(child, (*names, name))


@pytest.mark.parametrize("names", list(walk(cli)), ids=" ".join)
def test_every_command_has_help(names):
    result = CliRunner().invoke(cli, [*names, "--help"])
    assert result.exit_code == 0
    assert result.output.startswith("Usage:")


@pytest.mark.parametrize(
    "names", [names for names in walk(cli) if names not in {(), ("repo",)}], ids=" ".join
)
def test_the_help_of_every_command_has_an_example(names):
    result = CliRunner().invoke(cli, [*names, "--help"])
    name = "run_script" if names == ("script",) else " ".join(("dailycal", *names))
    assert f"\n  {name}" in result.output.partition("Example")[2]


def test_the_help_explains_every_exit_code_of_ours():
    output = CliRunner().invoke(cli, ["--help"]).output
    words = output.replace("\n", " ").split("Exit codes:")[1].split()
    for code in ExitCode:
        assert str(int(code)) in words


def test_help_imports_nothing_heavy():
    program = (
        "import sys; sys.argv = ['dailycal', '--help']\n"
        "from lsst.ts.dailycal.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('loaded:', [name for name in ('rich', 'numpy', 'yaml', 'astropy', 'asyncio', "
        "'lsst.ts.salobj', 'lsst.daf.butler', 'cattrs') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "loaded: []"


def test_wrong_usage_is_64_and_not_an_exit_code_of_scripts():
    assert run("script").returncode == ExitCode.USAGE
    assert run("script", "--no-such-option").returncode == ExitCode.USAGE
    assert run("status").returncode == ExitCode.USAGE


def test_a_misspelt_command_is_answered_with_a_close_one():
    result = run("simulat")
    assert result.returncode == ExitCode.USAGE
    assert "is simulate meant?" in result.stderr


def test_a_script_that_is_not_there_is_66():
    result = run("script", "auxtel/nothing_like_it.py")
    assert result.returncode == ExitCode.NOT_FOUND
    assert "There is no script" in result.stderr


def test_a_wrong_configuration_is_65_and_tells_all_problems():
    result = run(
        *("script", "auxtel/make_latiss_calibrations.py", "-p", "script_mod=BIAS"),
        *("-p", "n_dark=many", "-p", "repo=LATISS"),
    )
    assert result.returncode == ExitCode.CONFIGURATION
    lines = result.stderr.splitlines()
    assert any("is script_mode meant?" in line for line in lines)
    assert any(line.startswith("script_mode must be given") for line in lines)
    assert any(line.startswith("n_dark: 'many'") for line in lines)
    assert "Traceback" not in result.stderr


def test_what_the_schema_cannot_say_is_found_before_the_script_starts_too():
    result = run(
        *("script", "auxtel/make_latiss_calibrations.py", "-p", "script_mode=DARK"),
        *("-p", "n_dark=5", "-p", "exp_times_dark=[1, 2]", "-p", "program=a:b"),
    )
    assert result.returncode == ExitCode.CONFIGURATION
    assert "exp_times_dark has 2 entries" in result.stderr
    assert "program: 'a:b'" in result.stderr


@pytest.mark.parametrize("option", ["--pause-checkpoint", "--stop-checkpoint"])
def test_a_wrong_checkpoint_pattern_is_refused(option):
    result = run("script", "auxtel/make_latiss_calibrations.py", option, "BIAS (")
    assert result.returncode == ExitCode.USAGE
    assert "regular expression" in result.stderr


def test_faults_are_listed_for_programs():
    lines = run("faults", "--json").stdout.splitlines()
    names = {json.loads(line)["name"] for line in lines}
    assert {"end_readout_lost", "job_error"} <= names


def test_a_reader_that_goes_away_is_no_defect():
    program = "from lsst.ts.dailycal.cli.main import main; main()"
    child = subprocess.Popen(
        [sys.executable, "-c", program, "faults", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    child.stdout.close()
    errors = child.stderr.read()
    child.stderr.close()
    assert child.wait() != ExitCode.INTERNAL
    assert errors == ""


def test_versions_are_printed_for_people_and_programs():
    assert "ts-dailycal" in run("version").stdout
    assert json.loads(run("version", "--json").stdout)["python"].startswith("3.")


def test_an_unknown_run_is_66(tmp_path):
    result = run("status", "20261123T000000-1", DAILYCAL_JOURNAL_DIR=str(tmp_path))
    assert result.returncode == ExitCode.NOT_FOUND
    assert "There is no journal" in result.stderr


@pytest.mark.parametrize("run_id", ["../../etc/passwd", "/etc/passwd", "a/b"])
def test_the_id_of_a_run_is_no_way_to_other_directories(tmp_path, run_id):
    result = run("status", run_id, DAILYCAL_JOURNAL_DIR=str(tmp_path))
    assert result.returncode == ExitCode.NOT_FOUND
    assert "neither a journal nor the id" in result.stderr


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}])
def test_there_are_no_colours_outside_of_a_terminal(variables):
    assert "\x1b" not in run("faults", **variables).stdout


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError(["a"]), ExitCode.CONFIGURATION),
        (JournalError("a"), ExitCode.NOT_FOUND),
        (CommandError("a", ExitCode.UNAVAILABLE), ExitCode.UNAVAILABLE),
        (click.UsageError("a"), ExitCode.USAGE),
        (click.Abort(), ExitCode.INTERRUPTED),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
        (RuntimeError("a"), ExitCode.INTERNAL),
    ],
)
def test_every_kind_of_error_has_its_exit_code(error, code, monkeypatch):
    @click.command()
    def fail():
        raise error

    monkeypatch.setattr(sys, "argv", ["fail"])
    with pytest.raises(SystemExit) as caught:
        run_command(fail, "fail")
    assert caught.value.code == code


def test_the_exit_code_of_a_command_is_what_it_returns(monkeypatch):
    @click.command()
    def two() -> int:
        return 2

    monkeypatch.setattr(sys, "argv", ["two"])
    with pytest.raises(SystemExit) as caught:
        run_command(two, "two")
    assert caught.value.code == 2


def test_commands_are_listed_as_they_exist():
    context = click.Context(cli)
    assert all(cli.get_command(context, name) is not None for name in COMMANDS)


@pytest.mark.parametrize("printing", ["make_console().print('x' * 999)", "print_json('x' * 999)"])
def test_a_run_goes_on_when_nobody_reads_its_output_any_more(printing):
    program = (
        "import sys, time\n"
        "from lsst.ts.dailycal.cli.output import make_console, print_json\n"
        f"for _ in range(200):\n    {printing}\n"
        "sys.stderr.write('went on')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b"went on"
    assert process.returncode == 0


@pytest.mark.parametrize("args", [("run",), ("repo", "create")], ids=" ".join)
def test_a_directory_that_cannot_be_made_is_named_without_a_traceback(args, tmp_path):
    file = tmp_path / "file"
    file.touch()
    place = ("--directory", f"{file}/below") if args == ("run",) else (f"{file}/below",)
    result = run(*args, *place)
    assert result.returncode == ExitCode.IO
    assert f"Error: {file}/below" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_time_that_is_none_is_refused_in_a_sentence():
    result = run("repo", "decertify", "c", "bias", "--begin", "noon", "--end", "2026-11-24")
    assert result.returncode == ExitCode.USAGE
    assert "--begin: 'noon' is not an ISO 8601 time" in result.stderr
    assert len(result.stderr.splitlines()) < 6


def test_a_repository_that_is_not_there_is_refused_with_what_to_do(tmp_path):
    result = run("repo", "show", str(tmp_path / "nowhere"))
    assert result.returncode == ExitCode.NOT_FOUND
    assert "dailycal repo create" in result.stderr
