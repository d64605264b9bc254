# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who holds a lock, for whoever comes second."""

__all__ = ["LockOwner", "holder_of"]

import dataclasses
import datetime
import getpass
import json
import os
import pathlib
import socket
import typing

from ..model import format_duration

MOST_TEXT = 4096
"""How much of a lock file is read, in bytes."""


@dataclasses.dataclass(frozen=True, slots=True)
class LockOwner:
    """The process that holds a lock."""

    user: str
    """Name of its user."""
    host: str
    """Machine that it runs on."""
    pid: int
    """Its process id there."""
    since: str
    """When it took the lock, ISO 8601, UTC."""
    purpose: str = ""
    """What it holds the lock for; empty if the lock itself tells."""

    @classmethod
    def here(cls, purpose: str = "") -> typing.Self:
        """Describe this process.

        Parameters
        ----------
        purpose : `str`, optional
            What the lock is taken for.
        """
        return cls(
            user=_user(),
            host=socket.gethostname(),
            pid=os.getpid(),
            since=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            purpose=purpose,
        )

    @classmethod
    def parse(cls, text: str) -> typing.Self | None:
        """Read what `to_json` wrote; `None` if it is something else, e.g. not yet written."""
        try:
            raw = json.loads(text)
            owner = cls(**raw)
            datetime.datetime.fromisoformat(owner.since)
        except (ValueError, TypeError):
            return None
        return owner

    @property
    def is_alive(self) -> bool:
        """May it still hold the lock (`bool`)? Of another machine's processes nobody knows."""
        if self.host != socket.gethostname():
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True  # somebody else's
        return True

    def to_json(self) -> str:
        """Write it as one line of JSON (`str`)."""
        return json.dumps(dataclasses.asdict(self))

    def __str__(self) -> str:
        since = datetime.datetime.fromisoformat(self.since)
        ago = (datetime.datetime.now(datetime.UTC) - since).total_seconds()
        return (
            f"{self.user} on {self.host} (process {self.pid}), since "
            f"{since:%Y-%m-%d %H:%M:%S} UTC ({format_duration(ago)} ago)"
        )


def holder_of(lock: pathlib.Path) -> LockOwner | None:
    """Tell who holds a lock, without taking it: that could keep its owner-to-be from it.

    Parameters
    ----------
    lock : `pathlib.Path`
        The lock file.

    Returns
    -------
    owner : `LockOwner` or `None`
        `None` if nobody holds it, or who did is not alive any more.
    """
    try:
        owner = LockOwner.parse(lock.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return owner if owner is not None and owner.is_alive else None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return str(os.getuid())
