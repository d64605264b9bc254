# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choose where to announce."""

__all__ = ["make_announcer"]

import typing
from collections.abc import Callable, Mapping

from ..ports import Announcer
from .console import ConsoleAnnouncer
from .slack import TOKEN_VARIABLE, URL_VARIABLE, SlackAnnouncer


def make_announcer(
    environment: Mapping[str, str], write: Callable[[str], typing.Any], *, simulated: bool
) -> Announcer:
    """Make the announcer that fits.

    Slack is used when there is a token. A simulated run does not tell the real summit that
    calibrations begin: it uses Slack only at an address that was given for it.

    Parameters
    ----------
    environment : `~collections.abc.Mapping`
        The environment variables.
    write : `~collections.abc.Callable`
        Prints a line on the console.
    simulated : `bool`
        Is the observatory a simulated one?
    """
    token = environment.get(TOKEN_VARIABLE, "").strip()
    url = environment.get(URL_VARIABLE, "").strip()
    if token and (url or not simulated):
        return SlackAnnouncer(token, url)
    if simulated:
        return ConsoleAnnouncer(write, "simulated")
    return ConsoleAnnouncer(write, f"not sent: {TOKEN_VARIABLE} is not set")
