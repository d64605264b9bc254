# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Move filter and grating of ATSpectrograph."""

__all__ = ["move_spectrograph"]

import asyncio
import typing

import lsst.ts.salobj as salobj

from ...calibration import Timeouts
from ...model import CameraError


async def move_spectrograph(
    remote: typing.Any, *, filter_name: str | int | None, grating: str | int | None
) -> None:
    """Put a filter and a grating in the beam, both at once.

    Parameters
    ----------
    remote : `lsst.ts.salobj.Remote`
        Remote of ATSpectrograph.
    filter_name, grating : `str`, `int` or `None`
        Name or slot; `None` leaves what is there.

    Raises
    ------
    CameraError
        If it refuses, or does not get there in time.
    """
    failures: list[str] = []
    async with asyncio.TaskGroup() as group:
        for command, field, value in (
            (remote.cmd_changeFilter, "filter", filter_name),
            (remote.cmd_changeDisperser, "disperser", grating),
        ):
            if value is not None:
                group.create_task(_move(command, field, value, failures))
    if failures:
        raise CameraError(" ".join(failures), remedy="Look at ATSpectrograph.")


async def _move(command: typing.Any, field: str, value: str | int, failures: list[str]) -> None:
    # The name wins when it is not empty; the slot of a named element is ignored.
    target = {field: 0, "name": value} if isinstance(value, str) else {field: value, "name": ""}
    try:
        await command.set_start(**target, timeout=Timeouts().setup)
    except salobj.AckError as error:
        failures.append(
            f"ATSpectrograph did not change its {field} to {value!r} within "
            f"{Timeouts().setup:.0f} s: {error.ackcmd.result or 'no answer'}."
        )
