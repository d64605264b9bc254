# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The telemetry of ATCamera that people and the preflight look at."""

__all__ = ["publish_telemetry"]

import shutil
import typing

_GIGABYTE = 1e9
_LOCATION = "R00/Reb0"


async def publish_telemetry(csc: typing.Any) -> None:
    """Publish temperatures, pressures, power and room for images once.

    Parameters
    ----------
    csc : `SimATCamera`
        The component.
    """
    world = csc.world
    now = world.conditions()
    await csc.publish(
        csc.tel_vacuum,
        tempCCD=now.ccd,
        tempCCDSetPoint=now.ccd_set_point,
        tempColdPlate=now.cold_plate,
        tempCryoHead=now.cryo_head,
        vacuum=now.vacuum,
    )
    await csc.publish(csc.tel_focal_plane_Ccd, location=f"{_LOCATION}/S00", temp=now.ccd)
    temperatures = {f"temp{n}": value for n, value in enumerate(now.boards, start=1)}
    await csc.publish(
        csc.tel_focal_plane_Reb,
        location=_LOCATION,
        hVBiasSwitch=1.0,
        power=38.0,
        rTDTemp=now.board,
        aspicl_Temp0=now.board + 2.0,
        aspicu_Temp0=now.board + 2.5,
        **temperatures,
    )
    await csc.publish(csc.tel_focal_plane_RebTotalPower, rebTotalPower=38.0)
    # The nearest directory that exists: the first image makes that of the raw files.
    place = world.config.raw_directory
    while not place.exists():
        place = place.parent
    disk = shutil.disk_usage(place)
    await csc.publish(
        csc.tel_daq_monitor_Store,
        capacity=disk.total / _GIGABYTE,
        freeSpace=disk.free / _GIGABYTE,
        freeFraction=disk.free / disk.total,
    )
