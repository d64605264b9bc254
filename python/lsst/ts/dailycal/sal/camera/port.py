# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The camera port over ATCamera and ATSpectrograph."""

__all__ = ["SalCamera"]

import asyncio
import typing
from collections.abc import Sequence

import lsst.ts.salobj as salobj

from ...model import (
    CameraError,
    ExposureTimeouts,
    Finding,
    Image,
    ImageName,
    ImageTags,
    PlannedExposure,
    Severity,
    format_duration,
)
from ...run import CameraSight, ExposureAttempt, ExposureWatch, await_image, find_image
from ..component import ComponentWatch
from .key_values import make_key_value_map, parse_additional
from .spectrograph import move_spectrograph
from .states import Calibration, CommandState, Offline, Rafts


class SalCamera:
    """Takes images with ATCamera.

    Events are told apart by the group id, which every attempt has of its own, so images of
    others, late events and events that come twice do no harm.

    Parameters
    ----------
    remote : `lsst.ts.salobj.Remote`
        Remote of ATCamera, with the events of `TOPICS`.
    watch : `ComponentWatch`
        Watch of ATCamera.
    spectrograph : `lsst.ts.salobj.Remote`
        Remote of ATSpectrograph.
    """

    TOPICS = (
        *ComponentWatch.TOPICS,
        "startIntegration",
        "endReadout",
        "calibrationDetailedState",
        "ccsCommandState",
        "offlineDetailedState",
        "raftsDetailedState",
    )
    """Events that the remote must include."""

    def __init__(self, remote: typing.Any, watch: ComponentWatch, spectrograph: typing.Any) -> None:
        self._remote = remote
        self._watch = watch
        self._board = watch.board
        self._spectrograph = spectrograph
        self._attempts: dict[str, ExposureAttempt] = {}
        self._substates: dict[str, int] = {}
        self._board.listen(remote.evt_startIntegration, self._hear_start)
        self._board.listen(remote.evt_endReadout, self._hear_readout)
        for topic in ("calibrationDetailedState", "ccsCommandState", "raftsDetailedState"):
            self._board.listen(getattr(remote, f"evt_{topic}"), self._remember(topic))
        self._board.listen(remote.evt_offlineDetailedState, self._hear_offline)

    async def check(self) -> Sequence[Finding]:
        """Look whether the camera can take images now."""
        if self._substates.get("calibrationDetailedState") in (
            Calibration.ENABLED,
            Calibration.INTEGRATING,
        ):
            return [
                Finding(
                    "ATCamera mode",
                    Severity.REFUSAL,
                    "in calibration mode, where it refuses takeImages",
                    "Send disableCalibration to ATCamera.",
                )
            ]
        if not (await self._watch.status()).alive:
            # What it did when it was heard last says nothing; its silence is told with the others.
            return []
        busy = self._describe_activity()
        if busy:
            advice = "Wait until it is idle, or find out who is using it."
            return [Finding("ATCamera use", Severity.REFUSAL, busy, advice)]
        return [Finding("ATCamera use", Severity.OK, "idle")]

    async def setup(self, *, filter_name: str | int | None, grating: str | int | None) -> None:
        """Put a filter and a grating in the beam."""
        await move_spectrograph(self._spectrograph, filter_name=filter_name, grating=grating)

    async def take(
        self, planned: PlannedExposure, tags: ImageTags, timeouts: ExposureTimeouts
    ) -> Image:
        """Take one image, and return when it has been read out."""
        # Begun afresh: what was heard before the command is not about it.
        attempt = self._attempts[tags.group_id] = ExposureAttempt()
        sight = CameraSight(
            self._board.wait_until, lambda: self._watch.is_enabled, self._watch.describe
        )
        failure = None
        async with asyncio.TaskGroup() as group:
            command = group.create_task(self._command(attempt, planned, tags, timeouts))
            try:
                return await await_image(attempt, planned, timeouts, sight)
            except CameraError as error:
                # Raised outside of the group, which would wrap it.
                failure = error
            finally:
                command.cancel()
        raise failure

    async def recover(
        self, planned: PlannedExposure, tags: ImageTags, timeouts: ExposureTimeouts
    ) -> Image | None:
        """Wait for the end of an exposure that was given up or is nobody's; find its image."""
        attempt = self._attempts.setdefault(tags.group_id, ExposureAttempt())
        watch = ExposureWatch(
            image_name=lambda: attempt.image_name,
            activity=lambda: self._describe_activity() if self._watch.is_enabled else "",
            refused=bool(attempt.refusal),
            wait_until=self._board.wait_until,
        )
        name = await find_image(watch, timeouts)
        return None if name is None else Image(planned, name)

    async def _command(
        self,
        attempt: ExposureAttempt,
        planned: PlannedExposure,
        tags: ImageTags,
        timeouts: ExposureTimeouts,
    ) -> None:
        try:
            await self._remote.cmd_takeImages.set_start(
                numImages=1,
                expTime=planned.exposure_time,
                shutter=False,
                sensors="",
                keyValueMap=make_key_value_map(planned.image_type, tags),
                obsNote=tags.note,
                timeout=timeouts.exposure,
            )
        except salobj.AckTimeoutError:
            pass  # the deadline of the whole exposure tells the same with more to say
        except salobj.AckError as error:
            attempt.refusal = error.ackcmd.result or "no reason given"
        else:
            attempt.hear_acknowledgement()
        await self._board.changed()

    def _hear_start(self, message: typing.Any) -> None:
        if found := self._find(message):
            attempt, name = found
            attempt.hear_start(name)

    def _hear_readout(self, message: typing.Any) -> None:
        if found := self._find(message):
            attempt, name = found
            attempt.hear_readout(name)

    def _find(self, message: typing.Any) -> tuple[ExposureAttempt, ImageName] | None:
        pairs = parse_additional(message.additionalKeys, message.additionalValues)
        group_id = pairs.get("groupId")
        if not group_id:
            return None
        try:
            name = ImageName.parse(message.imageName)
        except ValueError:
            return None
        # Kept for groups nobody asked for too: `recover` looks for those of an earlier process.
        return self._attempts.setdefault(group_id, ExposureAttempt()), name

    def _hear_offline(self, message: typing.Any) -> None:
        try:
            self._watch.remark = f"offline substate {Offline(message.substate).name}"
        except ValueError:
            self._watch.remark = f"offline substate {message.substate}"

    def _remember(self, topic: str) -> typing.Callable[[typing.Any], None]:
        def store(message: typing.Any) -> None:
            self._substates[topic] = message.substate

        return store

    def _describe_activity(self) -> str:
        """Say what the camera is doing; empty if it is idle."""
        rafts = self._substates.get("raftsDetailedState")
        if rafts in (Rafts.INTEGRATING, Rafts.READING_OUT):
            name = Rafts(rafts).name
            if self._watch.is_heard:
                return f"it is {name}"
            ago = format_duration(self._watch.silence)
            return f"it was {name} when it was heard last, {ago} ago"
        if self._substates.get("ccsCommandState") == CommandState.BUSY:
            return "it is carrying out a command"
        return ""
