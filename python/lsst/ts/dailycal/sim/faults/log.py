# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of the faults that were rehearsed: all processes note it in one file."""

__all__ = ["FAULT_LOG", "FaultLog", "FaultReport", "report_faults"]

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from .fault import Fault
from .schedule import Came, Occasion

FAULT_LOG = "faults.jsonl"
"""Name of the file in the directory of an observatory."""


class FaultLog:
    """Appends what became of the faults to a file.

    Parameters
    ----------
    path : `~pathlib.Path`
        The file. Its directory is made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, occasion: Occasion) -> None:
        """Note an occasion."""
        line = json.dumps(dataclasses.asdict(occasion)) + "\n"
        # Nothing that is simulated may fail because it cannot be noted.
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # In one go, since several processes write.
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(file, line.encode())
            finally:
                os.close(file)

    def read(self) -> list[Occasion]:
        """Read what was noted; nothing if there is no file (`list` [`Occasion`])."""
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except OSError:
            return []
        raw = [json.loads(line) for line in lines]
        return [
            Occasion(**{**item, "came": Came(item["came"]), "about": tuple(item["about"])})
            for item in raw
        ]

    def clear(self) -> None:
        """Forget what an earlier observatory noted."""
        self._path.unlink(missing_ok=True)


@dataclasses.dataclass(frozen=True, slots=True)
class FaultReport:
    """What became of a fault that was rehearsed."""

    fault: str
    """The fault, as it was written."""
    struck: int
    """How often it struck; 1 if it lasted from its time on."""
    at: str
    """What it struck first, e.g. ``DARK 3/23, AT_O_20261122_000024``; empty if it never did."""
    reason: str
    """Why it never struck; empty if it did."""

    def __str__(self) -> str:
        if self.reason:
            return f"Fault {self.fault} never struck, because {self.reason}."
        if self.struck == 1:
            return f"Fault {self.fault} struck at {self.at}."
        return f"Fault {self.fault} struck {self.struck} times, first at {self.at}."


def report_faults(
    faults: Iterable[str], occasions: Iterable[Occasion], labels: Mapping[str, str] | None = None
) -> tuple[FaultReport, ...]:
    """Say of each fault where it struck, or why it never did.

    Parameters
    ----------
    faults : `~collections.abc.Iterable` [`str`]
        The faults that were rehearsed.
    occasions : `~collections.abc.Iterable` [`Occasion`]
        What was noted.
    labels : `~collections.abc.Mapping` [`str`, `str`], optional
        What the run calls an image, by its name, e.g. ``DARK 3/23``.
    """
    found = list(occasions)
    return tuple(
        _report(fault, [item for item in found if item.fault == str(fault)], labels or {})
        for fault in dict.fromkeys(map(Fault.parse, faults))
    )


def _report(fault: Fault, occasions: list[Occasion], labels: Mapping[str, str]) -> FaultReport:
    struck = [item for item in occasions if item.came in (Came.STRUCK, Came.LASTS)]
    if not struck:
        return FaultReport(str(fault), 0, "", _why_never(fault, occasions))
    # Whatever lasts is asked for by every process that feels it.
    times = 1 if struck[0].came is Came.LASTS else len(struck)
    return FaultReport(str(fault), times, _place(struck[0], labels), "")


def _place(occasion: Occasion, labels: Mapping[str, str]) -> str:
    label = next((labels[word] for word in occasion.about if word in labels), "")
    about = [word for word in occasion.about if not label.startswith(f"{word} ")]
    words = [label] * bool(label) + about
    if occasion.came is Came.LASTS:
        words = [f"{occasion.elapsed:.0f} s of simulated time", "and lasted"]
    return ", ".join(words) or f"{occasion.elapsed:.0f} s of simulated time"


def _why_never(fault: Fault, occasions: list[Occasion]) -> str:
    when = fault.when
    what = "/".join(when.words) or "what it strikes"
    if fault.kind.point.startswith("repository."):
        return "the repository is a real one: it strikes in the observatory in memory only"
    early = [item for item in occasions if item.came is Came.EARLY]
    if len(early) == len(occasions) and when.after:
        last = f"{what} came last at {early[-1].elapsed:.0f} s" if early else f"{what} never came"
        return f"it waits for {when.after:g} s of simulated time, and {last}"
    if not occasions:
        return f"{what} never came" if when.words else "there was no occasion for it"
    if any(item.came is Came.SPARED for item in occasions):
        return f"chance spared all {len(occasions)} occasions, at {100 * when.chance:g} % each"
    return f"it waits for time {when.first} of {what}, which came {len(occasions)} times"
