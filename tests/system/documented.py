# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands that README and how-tos show, and by which rule each is carried out in a test."""

import dataclasses
import enum
import pathlib
import re
import shlex
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "doc" / "first_run.md",
         *sorted((ROOT / "doc" / "howto").glob("*.md")),
         *sorted((ROOT / "doc" / "howto").glob("*.rst")))  # fmt: skip
_BLOCK = re.compile(r"^(?P<indent> *)```(?:shell|bash)\n(?P<text>.*?)^ *```$", re.M | re.S)
_RST_BLOCK = re.compile(r"^\.\. code-block:: (?:shell|bash)\n\n(?P<text>(?: {3,}.*\n|\n)+)", re.M)
_SPAN = re.compile(r"(?<!`)`((?:dailycal|run_script) [^`]+)`(?!`)")


class How(enum.Enum):
    """How a command of the documentation is carried out."""

    RUN = "as it is printed"
    SHORTENED = "with fewer frames, or a port that is free, and nothing else changed"
    PLANNED = "with --dry-run: everything that is asked of it is checked, nothing is taken"
    UNTIL_READY = "until it says that it is ready, and then ended by Ctrl-C"
    TARGET = "by make -n: the target is there, with what it needs"
    BLOCK = "the block as a whole, in a directory of its own"
    EXTRA = "not: the extra that it installs is one of the distribution's"
    READ = "its words are read by the command itself, and nothing is done"
    NOT_OURS = "not: it is of a machine that a test must not change"


@dataclasses.dataclass(frozen=True)
class Rule:
    """What is done with the commands that a pattern matches, the first that does."""

    pattern: str
    how: How
    more: str = ""
    """Words behind the command."""
    codes: tuple[int, ...] = (0,)
    """Exit codes that are right."""
    says: str = ""
    """Words that must be printed."""


FEW = "-p n_bias=3 -p n_dark=2 -p exp_times_dark=1"
RULES = (
    Rule(r"make( |$)", How.TARGET),
    Rule(r"\. \.venv/bin/activate$", How.NOT_OURS),
    Rule(r"pip install 'ts-dailycal\[\w+\]'$", How.EXTRA),
    Rule(r"(sudo|psql) ", How.NOT_OURS),
    Rule(r"(external|ours)=\$\(python|mv |ln ", How.BLOCK),
    Rule(r"python -c ", How.RUN),
    # A database server, and observatories of their own, that other tests start: see
    # tests/postgres, test_cli_rehearse.py, test_page.py.
    Rule(r"dailycal (rehearse|simulate|run) .*--database", How.READ),
    Rule(r"dailycal rehearse ", How.READ),
    Rule(r"dailycal simulate ", How.READ),
    Rule(r"dailycal run --resume", How.RUN, says="nothing left to do"),
    Rule(r"dailycal resume (--last|RUN)", How.RUN, says="nothing left to do"),
    Rule(r"dailycal run --time-available", How.PLANNED, codes=(75,), says="Nothing was started."),
    Rule(r"dailycal (run|block run)( |$)", How.PLANNED, says="make_latiss_calibrations"),
    Rule(r"run_script .*--config ", How.RUN, says="taken"),
    Rule(r"run_script .*-p script_mode=BIAS_DARK", How.SHORTENED, f"{FEW} -p do_verify=false",
         says="taken"),
    Rule(r"dailycal serve$", How.UNTIL_READY, "--port 0", says="http://127.0.0.1:"),
    # Nothing is certified for the night of the example, in the collection that it names.
    Rule(r"dailycal repo decertify ", How.RUN, codes=(66,), says="No bias is certified in"),
    Rule(r"dailycal repo export .*--at ", How.RUN, says="bias.fits: bias of LATISS/calib"),
    Rule(r"dailycal repo export .*--collection", How.RUN, codes=(66,), says="has no u/ocps/"),
    Rule(r"dailycal judge .*--threshold 4 --json", How.RUN, says='"accepted": true'),
    Rule(r"dailycal judge ", How.RUN, says="accepted"),
    # The darks are held against the combination of themselves, and are rejected for it.
    Rule(r"dailycal reduce .*--bias", How.RUN, codes=(1,), says="BIAS accepted"),
    # Few frames, and calibrations of the simulated day before.
    Rule(r"dailycal reduce .*--repo", How.RUN, codes=(0, 1), says="verified with bias"),
    Rule(r"dailycal reduce ", How.RUN, says="BIAS accepted"),
    Rule(r"dailycal stats$", How.RUN, "RUN", says="failed."),  # the latest was not verified
    Rule(r"dailycal (check|runs|status|watch|report|faults|schema|repo show"
         r"|block validate)( |$)", How.RUN),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Shown:
    """A command that a page shows."""

    text: str
    """The command, without the comment behind it."""
    page: str
    """Name of the page."""
    block: str
    """All of the block that it stands in."""

    @property
    def rule(self) -> Rule:
        """The rule for it.

        Raises
        ------
        LookupError
            If there is none.
        """
        for rule in RULES:
            if re.match(rule.pattern, self.text):
                return rule
        raise LookupError(f"{self.page}: no rule says how to try `{self.text}`; see RULES")


def shown_commands() -> list[Shown]:
    """List the commands in blocks of the pages, each once."""
    found = {item.text: item for page in PAGES for item in _read(page)}
    return list(found.values())


def _read(page: pathlib.Path) -> Iterator[Shown]:
    text = page.read_text(encoding="utf-8")
    for match in (*_BLOCK.finditer(text), *_RST_BLOCK.finditer(text)):
        lines = [line.strip() for line in match["text"].replace("\\\n", " ").splitlines()]
        commands = [re.sub(r"\s+", " ", re.sub(r"\s+#.*", "", line)) for line in lines if line]
        for command in commands:
            yield Shown(command, page.name, "\n".join(commands))


def spans() -> list[tuple[str, list[str]]]:
    """List the commands that stand in sentences, as words, with their pages."""
    found = {}
    for page in PAGES:
        for match in _SPAN.finditer(page.read_text(encoding="utf-8")):
            text = " ".join(match[1].split())
            if "…" not in text:
                found[text] = page.name
    return [(f"{page}: {text}", shlex.split(text)) for text, page in found.items()]
