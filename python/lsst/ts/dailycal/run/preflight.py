# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at everything before the first exposure."""

__all__ = ["preflight"]

import asyncio
from collections.abc import Awaitable, Sequence

from ..calibration import (
    PROCESSING_COMPONENTS,
    RunConfig,
    Timeouts,
    component_findings,
    conflict_findings,
)
from ..model import CalibrationError, Conflict, Finding, Severity
from .context import Ports


async def preflight(
    config: RunConfig, ports: Ports, timeouts: Timeouts, day_obs: int
) -> list[Finding]:
    """Check components, camera and repository, all at once.

    Parameters
    ----------
    config : `RunConfig`
        What is wanted.
    ports : `Ports`
        The outside systems.
    timeouts : `Timeouts`
        The deadlines of the checks.
    day_obs : `int`
        The observing day of the exposures to come.

    Returns
    -------
    findings : `list` [`Finding`]
        Everything that was looked at, good or bad.
    """
    checks = [_bounded("components", _components(config, ports), timeouts.preflight)]
    if config.takes_images:
        checks.append(_bounded("camera", ports.camera.check(), timeouts.preflight))
    if config.given:
        checks.append(_bounded("images", _given(config, ports, timeouts), timeouts.repository))
    if config.generate and config.resume is None:
        checks.append(
            _bounded(
                "repository", _conflicts(config, ports, timeouts, day_obs), timeouts.repository
            )
        )
    return [finding for found in await asyncio.gather(*checks) for finding in found]


async def _bounded(
    subject: str, check: Awaitable[Sequence[Finding]], timeout: float
) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(timeout):
            return await check
    except TimeoutError:
        return [Finding(subject, Severity.REFUSAL, f"no answer within {timeout:g} s")]
    except CalibrationError as error:
        return [Finding(subject, Severity.REFUSAL, str(error))]


async def _components(config: RunConfig, ports: Ports) -> Sequence[Finding]:
    statuses = await ports.components.status()
    if not config.takes_images:
        statuses = [item for item in statuses if item.name.name in PROCESSING_COMPONENTS]
    return component_findings(statuses)


async def _given(config: RunConfig, ports: Ports, timeouts: Timeouts) -> Sequence[Finding]:
    there = await ports.repository.find_images(config.given, timeouts.repository)
    return [
        Finding(
            str(name),
            Severity.REFUSAL,
            f"exposure {name.exposure_id} is not in the Butler",
            "Leave it out, or have it ingested first.",
        )
        for name in config.given
        if name not in there
    ]


async def _conflicts(
    config: RunConfig, ports: Ports, timeouts: Timeouts, day_obs: int
) -> Sequence[Finding]:
    conflicts: list[Conflict] = []
    for image_type in config.image_types:
        certification = config.certification(image_type, day_obs, day_obs)
        conflicts += await ports.repository.find_conflicts(certification, timeouts.repository)
    return conflict_findings(conflicts)
