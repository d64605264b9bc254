# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every command that README and how-tos show is carried out, by a rule for each.

One small observatory and one finished run are enough for all of them.
"""

import contextlib
import dataclasses
import importlib.metadata
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.request

import click
import pytest
from documented import ROOT, RULES, How, Shown, shown_commands, spans
from page_kit import simulated, wait_for_scripts, with_repository

from command_line import run_forked
from json_strictly import check_output
from lsst.ts.dailycal.cli.main import cli
from lsst.ts.dailycal.cli.script.command import script

pytestmark = [pytest.mark.system, pytest.mark.timeout(580)]

SHOWN = shown_commands()
ON_THE_OBSERVATORY = (How.RUN, How.SHORTENED, How.PLANNED, How.UNTIL_READY)
HERE = [item for item in SHOWN if item.rule.how in ON_THE_OBSERVATORY]
ELSEWHERE = [item for item in SHOWN if item not in HERE]
BASH, MAKE = shutil.which("bash"), shutil.which("make")
BLOCK = "block-latiss-daily-bias-dark.json"


def name(shown: Shown) -> str:
    return f"{shown.page}: {shown.text}"


@dataclasses.dataclass(frozen=True)
class Place:
    """A home directory in which everything is that the pages speak of."""

    home: pathlib.Path
    environment: dict[str, str]
    run_id: str = ""
    page_id: str = ""

    def filled(self, text: str) -> str:
        """Put in what a page leaves to its reader."""
        for word, value in (
            ("validate FILE", f"validate {BLOCK}"),
            ("run FILE", f"run {BLOCK}"),
            ("run --resume RUN", f"run --resume {self.page_id}"),
            ("RUN", self.run_id),
            ("rehearsal/repo", "run/repo"),
            ("JOURNALS", "run/journal"),
            ("DIRECTORY", "reports"),
            ("<job id>", "no-such-job"),
            ("--directory /tmp", f"--directory {self.home}"),
        ):
            text = text.replace(word, value)
        return text

    def shell(self, text: str, timeout: float = 240.0) -> subprocess.CompletedProcess[str]:
        """Carry out a line, by a shell if it has anything that only a shell understands."""
        if not set(text) & set("|&;<>$*~"):
            program, *words = shlex.split(text)
            path = shutil.which(program, path=self.environment["PATH"])
            return run_forked([path, *words], self.environment, timeout, self.home)
        return subprocess.run(
            [BASH, "-c", text], cwd=self.home, env=self.environment, text=True, check=False,
            capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout,
        )  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory, small_repository):
    home = tmp_path_factory.mktemp("home")
    directory = with_repository(home / "run", small_repository)
    (home / "aliases.yaml").write_text(f"LATISS: {directory / 'repo'}\n")
    short = "script_mode: BIAS_DARK\nn_bias: 12\nn_dark: 2\nexp_times_dark: 1\n"
    (home / "short.yaml").write_text(short)
    (home / "tonight.yaml").write_text(f"{short}do_verify: false\n")
    (home / "calib").mkdir()
    outer = {
        "HOME": str(home),
        "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}",
        "DAF_BUTLER_REPOSITORY_INDEX": str(home / "aliases.yaml"),
        "DAILYCAL_REPORT": "no",
    }
    with simulated(directory, "--enable") as joined:
        yield Place(home, {**joined.environment, **outer})


@pytest.fixture(scope="module")
def after_a_run(place):
    """Carry the page out once; what the other commands look at is what it left."""
    result = place.shell(
        "dailycal run --from-step calibrations --leave-enabled --config-for calibrations short.yaml"
    )
    wait_for_scripts()
    assert result.returncode == 0, result.stdout + result.stderr
    raw = place.home / "raw"
    for day in ("20240624", "20240625"):
        (raw / day).mkdir(parents=True)
        for path in (place.home / "run" / "raw").rglob("AT_O_*.fits"):
            (raw / day / path.name).symlink_to(path)
    runs = check_output("runs", place.shell("dailycal runs --json").stdout)
    ids = {item["kind"]: item["run_id"] for item in runs}
    made = place.shell("dailycal reduce raw/20240624 --output made")
    assert made.returncode == 0, made.stdout + made.stderr
    for name in ("bias.fits", "dark.fits"):
        shutil.copy(place.home / "made" / name, place.home / "calib")
    for name in ("verifyBiasStats.yaml", "stats.yaml"):
        shutil.copy(place.home / "made" / "verifyBiasStats.yaml", place.home / name)
    return dataclasses.replace(place, run_id=ids["script"], page_id=ids["page"])


def test_every_command_has_a_rule_and_every_rule_a_command():
    used = {item.rule for item in SHOWN}
    assert [rule.pattern for rule in RULES if rule not in used] == []
    assert len(SHOWN) > 50


@pytest.mark.parametrize("shown", ELSEWHERE, ids=name)
def test_a_command_that_is_not_carried_out_here_is_right_all_the_same(tmp_path, shown: Shown):
    how = shown.rule.how
    if how is How.TARGET:
        done = subprocess.run(
            [MAKE, "-n", *shown.text.split()[1:]], cwd=ROOT, check=False, capture_output=True,
            text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    elif how is How.EXTRA:
        extra = shown.text.partition("[")[2].partition("]")[0]
        assert extra in importlib.metadata.metadata("ts-dailycal").get_all("Provides-Extra")
    elif how is How.READ:
        read(shlex.split(shown.text))
    elif how is How.BLOCK:
        try_block(tmp_path, shown.block)
    else:
        assert how is How.NOT_OURS


@pytest.mark.parametrize("shown", HERE, ids=name)
def test_a_command_of_the_documentation_does_what_it_is_shown_for(after_a_run, shown: Shown):
    place, rule = after_a_run, shown.rule
    text = place.filled(f"{shown.text} {rule.more}".rstrip())
    if rule.how is How.UNTIL_READY:
        until_ready(place, text, rule.says)
        return
    if rule.how is How.PLANNED and "--dry-run" not in text:
        text = f"{text} --dry-run"
    shutil.rmtree(place.home / "reduced", ignore_errors=True)
    with put_aside(place.home / "calib") if "export" in text else contextlib.nullcontext():
        done = place.shell(text)
    wait_for_scripts()
    said = done.stdout + done.stderr
    assert done.returncode in rule.codes, said
    assert rule.says in said
    assert "Traceback" not in said


@contextlib.contextmanager
def put_aside(directory: pathlib.Path):
    """Have an empty directory: what is written must not be there."""
    kept = directory.with_name("kept")
    directory.rename(kept)
    directory.mkdir()
    try:
        yield
    finally:
        shutil.rmtree(directory)
        kept.rename(directory)


def until_ready(place: Place, text: str, says: str) -> None:
    with subprocess.Popen(
        [BASH, "-c", f"exec {text}"], cwd=place.home, env=place.environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
    ) as program:  # fmt: skip
        try:
            line = next(line for line in program.stdout if says in line)
            address = says + line.partition(says)[2].split()[0]
            with urllib.request.urlopen(address, timeout=30) as page:  # noqa: S310
                assert place.run_id in page.read().decode()
        finally:
            program.send_signal(signal.SIGINT)
            program.communicate(timeout=30)
    assert program.returncode == 0


def try_block(folder: pathlib.Path, block: str) -> None:
    """Carry out what is done to the observatory's own folder of scripts, and what undoes it."""
    package = folder / "lsst" / "ts" / "externalscripts"
    there = package / "scripts" / "auxtel" / "make_latiss_calibrations.py"
    before = there.with_name("_make_latiss_calibrations_before.py")
    there.parent.mkdir(parents=True)
    # What the package at the observatory has: a function that says where its scripts are.
    (package / "__init__.py").write_text(
        "import pathlib\n\n\ndef get_scripts_dir():\n"
        "    return pathlib.Path(__file__).parent / 'scripts'\n"
    )
    undoes = "ln -s" not in block
    (before if undoes else there).write_text("theirs\n")
    path = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [BASH, "-eu", "-c", block], cwd=folder, check=False, capture_output=True, text=True,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(folder)}, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    if undoes:
        assert there.read_text() == "theirs\n"
        return
    assert before.read_text() == "theirs\n"
    assert os.access(there, os.X_OK)
    assert "make_latiss_calibrations" in there.resolve().read_text()


def read(words: list[str]) -> None:
    """Let a command read its words; everything but what it would do is done.

    Raises
    ------
    click.UsageError
        If there is no such command or option, or a value is wrong.
    """
    program, *rest = words
    context = click.Context(cli, info_name="dailycal")
    command: click.Command = script if program == "run_script" else cli
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None
        context = click.Context(found, parent=context, info_name=name)
        command = found
    if rest and not {"-h", "--help", "--version"} & set(rest):
        # What a sentence leaves out, such as the script, is no mistake.
        command.make_context(program, rest, resilient_parsing=not _is_whole(rest))


def _is_whole(words: list[str]) -> bool:
    return not any(word.isupper() for word in words)


@pytest.mark.parametrize("words", [item[1] for item in spans()], ids=[item[0] for item in spans()])
def test_a_command_in_a_sentence_is_one_that_there_is(words):
    with contextlib.suppress(click.MissingParameter):  # what a sentence is not about
        read(words)


def test_a_command_that_there_is_not_would_be_seen():
    for text in ("nothing", "run --nothing", "repo show --nothing"):
        with pytest.raises(click.UsageError):
            read(["dailycal", *text.split()])
    with pytest.raises(click.UsageError):
        read(["run_script", "--nothing"])
    with pytest.raises(LookupError, match="no rule says how to try"):
        _ = Shown("dailycal frobnicate", "README.md", "").rule


def test_what_the_commands_print_for_programs_is_as_their_schemas_say(after_a_run):
    for name, text in (
        ("check", "dailycal check --json"),
        ("status", "dailycal status --last --json"),
        ("stats", f"dailycal stats {after_a_run.run_id} --json"),
        ("report", f"dailycal report {after_a_run.run_id} --json"),
        ("line", "dailycal watch --json"),
        ("repo-show", "dailycal repo show --json"),
        ("repo-ingest", "dailycal repo ingest raw/20240624/*.fits --json"),
        ("reduce", "dailycal reduce raw/20240624 --output again --json"),
    ):
        done = after_a_run.shell(text)
        assert done.returncode == 0, done.stdout + done.stderr
        check_output(name, done.stdout)
    wait_for_scripts()
