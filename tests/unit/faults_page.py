# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of the documentation that lists the faults and what comes of each.

It is written by a run of the tests, ``make docs-faults``. What the tests report with
``record_property`` is in it: ``fault`` (which one, and the reason that was given), and counts.
"""

import collections
import pathlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fault_matrix import ALL, BEFORE_A_RUN, ROOMS, Case

from lsst.ts.dailycal.sim.faults.kinds import FAULT_KINDS

PAGE = pathlib.Path(__file__).parents[2] / "doc" / "faults.md"
VARIABLE = "DAILYCAL_FAULTS_PAGE"
"""Environment variable that asks for the page to be written, where it says."""
HEADINGS = ("Fault", "Strikes", "Biases", "Darks", "Script", "Resumed", "Retaken", "Certified")
"""What the tests hold the page to; after these comes what was said."""
INTRODUCTION = """\
# What goes wrong, and what comes of it

Written by `make docs-faults`, which runs the tests; not edited by hand.

Each fault strikes a run in the observatory in memory, at each step where it can. The run takes
1 + 3 biases and 1 + 2 darks, of which the first are discarded, and combines, verifies and certifies
both. It ends within its deadlines, its journal and its report agree with the state of the script,
and every image that was read out is accounted for. A run that failed or was stopped is resumed once
the cause is mended; then the result is that of a run without the fault.

*Biases* and *Darks* say what became of them in the run that the fault struck, *Script* is its final
state with its exit code, *Resumed* what became of both after `resume`, *Retaken* how many frames
were taken twice because the first did not reach the Butler or cannot be read, *Certified* how many
calibrations are certified in the end. [Rehearse a fault](howto/rehearse_a_fault.md) says how a
fault and the place where it strikes are written.
"""
COUNTS = {
    "records": "Records in the journal of a run",
    "kills": "Runs killed in memory, right after each record and before the next; all resumed",
    "frames_retaken": "Frames taken again after a kill",
    "double_certifications": "Calibrations certified twice after a kill",
    "stops": "Runs stopped at the moment of a result; all resumed",
    "full_disks": "Runs whose journal found no room, at each record in turn; all resumed",
    "hung_disks": "Runs whose journal's disk hung at each record in turn; all resumed",
    "examples": "Examples of the searches: schedules of faults, kills, inputs of parsers",
    "bad_inputs": "Values of configuration properties that must be refused, and are",
}


def place(case: Case) -> tuple[str, str]:
    """Split a fault into what it is and where it strikes."""
    name, at, rest = case.fault.partition("@")
    if not at or not case.is_scheduled:
        return name, "throughout" if case.is_scheduled else ""
    where, _, values = rest.partition(":") if not rest.startswith("OCPS:1") else (rest, "", "")
    words = [
        {"*": "every time"}.get(part, f"at {part[:-1]} s" if re.fullmatch(r"\d+s", part) else part)
        for part in where.split("/")
    ]
    return f"{name}:{values}" if values else name, " ".join(words)


def join_places(places: Iterable[str]) -> str:
    """List places, with what they have in common said once: ``BIAS 1, 2; DARK 3``."""
    groups: dict[str, list[str]] = {}
    for text in dict.fromkeys(places):
        about, _, last = text.rpartition(" at ") if " at " in text else text.rpartition(" ")
        groups.setdefault(f"{about} at" if " at " in text else about, []).append(last)
    return "; ".join(f"{about} {', '.join(last)}".strip() for about, last in groups.items())


def stable(case: Case) -> tuple[str, ...]:
    """Give the cells that do not depend on where the fault strikes, without its name."""
    resumed = ", ".join(dict.fromkeys(case.resumed)) if case.resumed else "-"
    if case.resumed and len(set(case.resumed)) == 1:
        resumed = f"both {case.resumed[0]}"
    return (*case.statuses, case.ends, resumed, str(case.retaken), str(case.certifications))


def rows(cases: Iterable[Case]) -> Iterator[tuple[tuple[str, ...], Case]]:
    """Give the cells of each row and the first case in it: places of one outcome share a row."""
    groups: dict[tuple[str, ...], list[Case]] = collections.defaultdict(list)
    for case in cases:
        groups[place(case)[0], *stable(case)].append(case)
    for (name, *cells), members in groups.items():
        where = join_places(filter(None, (place(case)[1] for case in members)))
        shown = f"`{name}`" if members[0].is_scheduled else name
        yield (shown, where or "-", *cells), members[0]


def first_sentence(reason: str) -> str:
    """Take the first sentence of a reason, without the name of the step."""
    text = re.sub(r"^[a-z]+( BIAS| DARK| images)?: ", "", reason)
    text = re.sub(r"/\S+/[\w.]+\.jsonl", "RUN.jsonl", text)
    text = re.sub(r"\b([0-9a-f]{8})[0-9a-f]{24}\b", r"\1...", text)
    return re.split(r"(?<=\.) (?=[A-Z])", text)[0].replace("|", "\\|").replace("$", "\\$")


def table(cells: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write a table."""
    first, *others = cells
    yield f"| {' | '.join(first)} |"
    yield "|" + "---|" * len(first)
    for row in others:
        yield f"| {' | '.join(row)} |"


def render(reasons: Mapping[str, str], counts: Mapping[str, int]) -> str:
    """Write the page.

    Parameters
    ----------
    reasons : `~collections.abc.Mapping` [`str`, `str`]
        The reason that was given, by fault.
    counts : `~collections.abc.Mapping` [`str`, `int`]
        What was counted, by the keys of `COUNTS`.
    """
    lines = [INTRODUCTION]
    for room in ROOMS:
        cases = [case for case in ALL if case.room == room]
        cells = [(*row, first_sentence(reasons[case.fault])) for row, case in rows(cases)]
        lines += [f"## {room}", "", *table([(*HEADINGS, "Reason, or what is noted"), *cells]), ""]
    lines += [
        "## Before a run",
        "",
        "These strike before the first frame; nothing is taken.",
        "",
    ]
    before = [(f"`{name}`", who, FAULT_KINDS[name].help) for name, who in BEFORE_A_RUN.items()]
    lines += [*table([("Fault", "Who meets it", "What is seen of it"), *before]), ""]
    lines += ["## Counts", ""]
    numbers = [(text, str(counts[key])) for key, text in COUNTS.items()]
    faults = ("Faults at the places where they strike, in the tables above", str(len(ALL)))
    lines += [*table([("What", "Number"), faults, *numbers]), ""]
    return "\n".join(lines)


def read_rows(text: str) -> dict[str, list[tuple[str, ...]]]:
    """Read the rows of the page, without their reasons, by room."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for section in text.split("\n## ")[1:]:
        room, *lines = section.splitlines()
        cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
        found[room] = [tuple(row[: len(HEADINGS)]) for row in cells[1:]]
    return found
