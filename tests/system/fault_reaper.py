# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kill a script right after any record of its journal."""

import contextlib
import pathlib
import signal
import threading
import time

import psutil
from fault_rig import Script

from lsst.ts.dailycal.model import Event, Message, Resumed
from lsst.ts.dailycal.run import read_journal


def fact(event: Event) -> str:
    """Name what a record says was done; nothing for a resume, and for what is only told."""
    if isinstance(event, Resumed | Message):
        return ""
    image = getattr(event, "image", None)
    planned = getattr(event, "planned", None) or getattr(image, "planned", None)
    about = [planned.label] if planned is not None else []
    about += [str(getattr(event, name)) for name in ("key", "image_type") if hasattr(event, name)]
    about += [str(event.name)] if hasattr(event, "name") else []
    about += [str(event.decision.image_type)] if hasattr(event, "decision") else []
    return " ".join([type(event).__name__, *about])


class Reaper(threading.Thread):
    """Kills a script as soon as its journal has a record of something that was not known.

    A thread, since the event loop is too slow: the script must not get to its next record.
    """

    def __init__(self, script: Script, number: signal.Signals, known: set[str]) -> None:
        super().__init__(name="reaper")
        self.struck = ""
        self._script = script
        self._number = number
        self._known = known
        self._before = {path for path, _ in self._journals()}
        self._over = threading.Event()

    def _journals(self) -> list[tuple[pathlib.Path, int]]:
        return [(path, path.stat().st_size) for path in self._script.rig.journals.glob("*.jsonl")]

    def __enter__(self) -> "Reaper":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        process = self._find_process()
        resumed = self._script.config.get("resume")
        path = self._script.rig.journals / f"{resumed}.jsonl" if resumed else self._find_journal()
        size = 0
        while process is not None and path is not None and not self._over.is_set():
            if path.stat().st_size != size:
                size = path.stat().st_size
                new = [name for name in map(fact, read_journal(path)) if name not in self._known]
                self.struck = next(filter(None, new), "")
                if self.struck:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.send_signal(self._number)
                    return
            time.sleep(0.0005)

    def _find_process(self) -> psutil.Process | None:
        while not self._over.wait(0.02):
            with contextlib.suppress(LookupError, psutil.NoSuchProcess):
                return self._script.process()
        return None

    def _find_journal(self) -> pathlib.Path | None:
        while not self._over.wait(0.0005):
            for path, size in self._journals():
                if path not in self._before and size:
                    return path
        return None
