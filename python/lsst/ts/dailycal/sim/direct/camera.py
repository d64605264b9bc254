# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The camera port, and the simulated camera behind it."""

__all__ = ["DirectCamera"]

from collections.abc import Callable, Sequence

from ...model import (
    CameraError,
    ExposureTimeouts,
    Finding,
    Image,
    ImageTags,
    PlannedExposure,
    Severity,
)
from ...run import CameraSight, ExposureAttempt, ExposureWatch, await_image, find_image
from ..detector import READOUT_TIME
from ..exposures import SimulatedExposure
from ..faults.fault import Fault
from ..spectrograph import FILTERS, GRATINGS, find_slot
from ..world import World
from .background import Background, Changes
from .components import CAMERA, SPECTROGRAPH, DirectComponents

_COMMAND_TIME = 0.02  # seconds from the command to the first sign of it
_CLEAR_TIME = 0.3  # seconds from the command to the start of the integration
_WHEEL_TIME = 3.0  # seconds to turn a wheel


class DirectCamera:
    """Takes simulated images.

    An exposure goes on when nobody waits for it any more, as that of a real camera does.

    Parameters
    ----------
    world : `World`
        The simulated world.
    background : `Background`
        Where exposures go on.
    changes : `Changes`
        Is told of every change.
    components : `DirectComponents`
        The states of the components.
    deliver : `~collections.abc.Callable`
        Gets every exposure that was read out.
    """

    def __init__(
        self,
        world: World,
        background: Background,
        changes: Changes,
        components: DirectComponents,
        deliver: Callable[[SimulatedExposure], None],
    ) -> None:
        self._world = world
        self._background = background
        self._changes = changes
        self._components = components
        self._deliver = deliver
        self._attempts: dict[str, ExposureAttempt] = {}
        self._activity = ""

    async def check(self) -> Sequence[Finding]:
        """Look whether the camera can take images now."""
        if self._activity:
            advice = "Wait until it is idle, or find out who is using it."
            return [Finding("ATCamera use", Severity.REFUSAL, self._activity, advice)]
        return [Finding("ATCamera use", Severity.OK, "idle")]

    async def setup(self, *, filter_name: str | int | None, grating: str | int | None) -> None:
        """Put a filter and a grating in the beam."""
        for wheel, mounted, wanted in (
            ("filter", FILTERS, filter_name),
            ("disperser", GRATINGS, grating),
        ):
            if wanted is None:
                continue
            if not self._components.is_enabled(SPECTROGRAPH):
                raise CameraError(
                    f"ATSpectrograph cannot change its {wheel}.",
                    last_seen=self._components.describe(SPECTROGRAPH),
                    remedy="Enable ATSpectrograph first.",
                )
            try:
                find_slot(mounted, wanted)
            except LookupError as error:
                raise CameraError(
                    f"ATSpectrograph refused to change its {wheel}: {error}."
                ) from None
            await self._world.clock.sleep(_WHEEL_TIME)

    async def take(
        self, planned: PlannedExposure, tags: ImageTags, timeouts: ExposureTimeouts
    ) -> Image:
        """Take one image, and return when it has been read out."""
        attempt = self._attempts[tags.group_id] = ExposureAttempt()
        sight = CameraSight(
            self._changes.wait_until,
            lambda: self._components.is_enabled(CAMERA),
            lambda: self._components.describe(CAMERA),
        )
        if sight.is_enabled():
            self._background.spawn(self._expose(planned, tags, attempt), f"expose {planned.label}")
        return await await_image(attempt, planned, timeouts, sight)

    async def recover(
        self, planned: PlannedExposure, tags: ImageTags, timeouts: ExposureTimeouts
    ) -> Image | None:
        """Wait for the end of an exposure that was given up or is nobody's; find its image."""
        attempt = self._attempts.setdefault(tags.group_id, ExposureAttempt())
        watch = ExposureWatch(
            image_name=lambda: attempt.image_name,
            activity=lambda: self._activity,
            refused=bool(attempt.refusal),
            wait_until=self._changes.wait_until,
        )
        name = await find_image(watch, timeouts)
        return None if name is None else Image(planned, name)

    async def _expose(
        self, planned: PlannedExposure, tags: ImageTags, attempt: ExposureAttempt
    ) -> None:
        """Do what the camera does with takeImages."""
        faults, clock = self._world.faults, self._world.clock
        await clock.sleep(_COMMAND_TIME)
        refused = faults.hit("camera.command", image_type=planned.image_type)
        if refused is not None or self._activity:
            attempt.refusal = self._activity or "the camera is not ready"
            self._changes.notify()
            return
        self._activity = "it is INTEGRATING"
        self._changes.notify()
        try:
            await clock.sleep(_CLEAR_TIME)
            begin = clock.tai()
            name = self._world.names.next(clock.day_obs())
            context = {"image_type": planned.image_type, "name": name}
            self._emit("camera.start_integration", context, lambda: attempt.hear_start(name))
            crash = faults.hit("camera.exposure", **context)
            if crash is not None:
                await clock.sleep(crash.number("fraction") * (planned.exposure_time + READOUT_TIME))
                self._components.set_state(CAMERA, "FAULT", 1, "Simulated: fault in an exposure")
                return
            light = faults.hit("camera.shutter", **context)
            effects = self._world.frame_effects(**context)
            await clock.sleep(planned.exposure_time)
            end = clock.tai()
            self._activity = "it is READING_OUT"
            await clock.sleep(READOUT_TIME)
        finally:
            self._activity = ""
            self._changes.notify()
        self._emit("camera.end_readout", context, lambda: attempt.hear_readout(name))
        self._acknowledge(context, attempt)
        self._deliver(
            SimulatedExposure(
                name=name,
                image_type=planned.image_type,
                exposure_time=planned.exposure_time,
                begin_tai=begin,
                end_tai=end,
                group_id=tags.group_id,
                program=tags.program,
                reason=tags.reason,
                note=tags.note,
                light=light.number("light") if light is not None else 0.0,
                effects=effects,
            )
        )

    def _acknowledge(self, context: dict[str, object], attempt: ExposureAttempt) -> None:
        def fail(_: Fault) -> None:
            attempt.refusal = "the command failed after the readout"

        self._emit("camera.ack", context, attempt.hear_acknowledgement, fail)

    def _emit(
        self,
        point: str,
        context: dict[str, object],
        hear: Callable[[], None],
        fail: Callable[[Fault], None] | None = None,
    ) -> None:
        """Let an event be heard: in time, late, twice, or not at all."""
        fault = self._world.faults.hit(point, **context)
        how = "" if fault is None else fault.name.rpartition("_")[2]
        if fault is not None and how == "late":
            self._background.spawn(self._emit_late(fault.number("delay"), hear), fault.name)
        elif fault is not None and how == "failed" and fail is not None:
            fail(fault)
        elif how != "lost":
            for _ in range(2 if how == "twice" else 1):
                hear()
        self._changes.notify()

    async def _emit_late(self, delay: float, hear: Callable[[], None]) -> None:
        await self._world.clock.sleep(delay)
        hear()
        self._changes.notify()
