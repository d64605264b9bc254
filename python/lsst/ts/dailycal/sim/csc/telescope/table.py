# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What sets the components of the telescope apart from one another, as data."""

__all__ = ["TELESCOPE", "Publication", "TelescopeComponent"]

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, slots=True)
class Publication:
    """An event and what is in it."""

    event: str
    """Name of the event."""
    fields: Mapping[str, object]
    """Its fields."""


@dataclasses.dataclass(frozen=True, slots=True)
class TelescopeComponent:
    """One component."""

    name: str
    """Its name."""
    at_rest: tuple[Publication, ...]
    """What it publishes when it starts: nothing moves and everything is closed."""
    still: frozenset[str] = frozenset()
    """Its commands that move nothing. All others do, those that nobody thought of included."""
    effects: Mapping[str, tuple[Publication, ...]] = dataclasses.field(default_factory=dict)
    """What it publishes when a command is carried out."""


def _event(event: str, **fields: object) -> Publication:
    return Publication(event, fields)


# States as the enumerations of the interface number them.
_TRACKING_DISABLED, _TRACKING_ENABLED = 8, 9
_M3_NASMYTH2 = 7
_DOOR_CLOSED, _DOOR_OPENED = 1, 2
_DOME_AT_REST = 1
_COVER_CLOSED, _COVER_OPENED = 6, 7
_VENTS_OPENED, _VENTS_CLOSED = 6, 7
_VALVE_OPENED, _VALVE_CLOSED = 6, 7

_COMPONENTS = (
    TelescopeComponent(
        name="ATMCS",
        at_rest=(
            _event("atMountState", state=_TRACKING_DISABLED),
            _event("m3State", state=_M3_NASMYTH2),
            _event("allAxesInPosition", inPosition=False),
        ),
        still=frozenset({"stopTracking"}),
        effects={
            "startTracking": (_event("atMountState", state=_TRACKING_ENABLED),),
            "stopTracking": (_event("atMountState", state=_TRACKING_DISABLED),),
        },
    ),
    TelescopeComponent(
        name="ATPtg",
        at_rest=(),
        still=frozenset(
            {
                "amLimitSet",
                "debugLevel",
                "iersUpdate",
                "pointAddData",
                "pointCloseFile",
                "pointLoadModel",
                "pointNewFile",
                "stopTracking",
            }
        ),
    ),
    TelescopeComponent(
        name="ATAOS",
        at_rest=(_event("correctionEnabled", m1=False, m2=False, hexapod=False, focus=False),),
        still=frozenset({"disableCorrection"}),
    ),
    TelescopeComponent(
        name="ATPneumatics",
        at_rest=(
            _event("m1CoverState", state=_COVER_CLOSED),
            _event("cellVentsState", state=_VENTS_CLOSED),
            _event("mainValveState", state=_VALVE_CLOSED),
        ),
        effects={
            "openM1Cover": (_event("m1CoverState", state=_COVER_OPENED),),
            "closeM1Cover": (_event("m1CoverState", state=_COVER_CLOSED),),
            "openM1CellVents": (_event("cellVentsState", state=_VENTS_OPENED),),
            "closeM1CellVents": (_event("cellVentsState", state=_VENTS_CLOSED),),
            "openMasterAirSupply": (_event("mainValveState", state=_VALVE_OPENED),),
            "closeMasterAirSupply": (_event("mainValveState", state=_VALVE_CLOSED),),
        },
    ),
    TelescopeComponent(
        name="ATHexapod",
        at_rest=(_event("inPosition", inPosition=True),),
        still=frozenset({"applyPositionLimits", "setMaxSystemSpeeds", "stopAllAxes"}),
    ),
    TelescopeComponent(
        name="ATDome",
        at_rest=(
            _event("azimuthState", state=_DOME_AT_REST, homing=False, homed=True),
            _event("mainDoorState", state=_DOOR_CLOSED),
            _event("dropoutDoorState", state=_DOOR_CLOSED),
            _event("azimuthInPosition", inPosition=True),
            _event("shutterInPosition", inPosition=True),
        ),
        still=frozenset({"stopMotion"}),
        effects={
            "openShutter": (
                _event("mainDoorState", state=_DOOR_OPENED),
                _event("dropoutDoorState", state=_DOOR_OPENED),
            ),
            "closeShutter": (
                _event("mainDoorState", state=_DOOR_CLOSED),
                _event("dropoutDoorState", state=_DOOR_CLOSED),
            ),
        },
    ),
    TelescopeComponent(
        name="ATDomeTrajectory",
        at_rest=(_event("followingMode", enabled=False),),
    ),
)

TELESCOPE = {component.name: component for component in _COMPONENTS}
"""The components of the telescope by name (`dict` [`str`, `TelescopeComponent`])."""
