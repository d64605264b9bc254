# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure every frame that is in the Butler, and judge it while the next ones are taken."""

__all__ = ["FrameWatch"]

import asyncio
import dataclasses
import logging
from collections.abc import Mapping

from ..calibration import FrameRule, Judgement, MeasuredFrame, common_trouble, judge
from ..model import (
    AmplifiersGivenUp,
    BadFramesError,
    FrameTrouble,
    FrameVerdict,
    ImageMeasured,
    ImageMeasurement,
    ImageName,
    ImageType,
    MeasurementError,
    TroubleKind,
)
from ..ports import Measuring
from .context import RunContext
from .in_use import InUseWatch
from .state import Slot

_GIVE_UP_AFTER = 3
_OF_AN_AMPLIFIER = {
    TroubleKind.DEAD,
    TroubleKind.NOISE,
    TroubleKind.BURST,
    TroubleKind.STEP,
    TroubleKind.SATURATED,
    TroubleKind.STUCK_BIT,
}
"""What its electronics do, and neither light nor a level that masking would hide."""
_REMEDIES = {
    TroubleKind.DEAD: "Look at the REB's power and at its clock and bias voltages, then resume.",
    TroubleKind.NOISE: "Look for a source of noise and at the REB's temperatures, then resume.",
    TroubleKind.BURST: "Look for a source of noise and at the REB's temperatures, then resume.",
    TroubleKind.LIGHT: "Look for light: dome, vents, lamps, shutter. Then resume.",
    TroubleKind.LEVEL: "Look at the temperatures and voltages of the REB, then resume.",
    TroubleKind.STEP: "Look at the REB's power supplies, then resume.",
    TroubleKind.SATURATED: "Look for light and at the shutter and the CCD's voltages, then resume.",
    TroubleKind.STUCK_BIT: "Look at the data acquisition of the REB, then resume.",
    TroubleKind.SHIFTED: "Look at the sequencer of the REB and at its timing, then resume.",
    TroubleKind.IDENTICAL: "Look at the data acquisition: it gives an old frame. Then resume.",
    TroubleKind.HEADER: "Look at ATHeaderService and ATCamera, then resume.",
    TroubleKind.SEQUENCER: "Find out who loaded another sequencer file, then begin a new run.",
    TroubleKind.SETTLING: "Wait until the camera has come to rest, then resume.",
}


class FrameWatch:
    """Measures one frame after the other, and says what is wrong with them.

    Parameters
    ----------
    context : `RunContext`
        The run.
    """

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._rule = FrameRule(len(context.plan.exposures), context.config.max_settling)
        self._in_use = InUseWatch(context, self._rule)
        self._port: Measuring | None = context.ports.measuring if context.config.measure else None
        self._one_at_a_time = asyncio.Lock()
        self._unreadable = 0
        self._judged: dict[ImageName, Judgement] = {}
        self.failure: BadFramesError | None = None
        """Why no further exposure should be taken; `None` as long as there is no reason."""

    def is_pending(self, slot: Slot) -> bool:
        """Tell whether it is still open if the frame of a slot is good."""
        return (
            self._port is not None
            and slot.image is not None
            and slot.ingested
            and slot.image.name not in self._context.state.measured
            and not self._is_given(slot)
        )

    def any_pending(self, image_type: ImageType | None = None) -> bool:
        """Tell whether it is still open if a frame is good.

        Parameters
        ----------
        image_type : `ImageType`, optional
            Of this type; by default of any.
        """
        return any(
            self.is_pending(slot)
            for slot in self._context.state.slots.values()
            if image_type is None or slot.planned.image_type is image_type
        )

    def _is_given(self, slot: Slot) -> bool:
        """Is it one of the frames that were taken long ago, and cannot be taken again?"""
        return bool(self._context.config.calibration(slot.planned.image_type).given)

    async def measure(self, name: ImageName) -> None:
        """Measure a frame that is in the Butler, and record what is wrong with it."""
        context = self._context
        planned = context.state.planned.get(name)
        if self._port is None or planned is None or name in context.state.measured:
            return
        if context.config.calibration(planned.image_type).given:
            return
        async with self._one_at_a_time:
            measurement = await self._read(name)
            if measurement is not None:
                await self._judge(measurement)

    async def _read(self, name: ImageName) -> ImageMeasurement | None:
        context, port = self._context, self._port
        if port is None or self._unreadable >= _GIVE_UP_AFTER:
            reason = (
                f"frames are not measured any more: {_GIVE_UP_AFTER} in a row could not be read"
            )
            await self._record_unreadable(name, reason)
            return None
        try:
            measurement = await port.measure(name, context.timeouts.measurement)
        except MeasurementError as error:
            self._unreadable += 1
            await self._record_unreadable(name, str(error))
            if self._unreadable in {1, _GIVE_UP_AFTER}:
                await context.tell(f"{name} is not measured: {error}", logging.INFO)
            return None
        self._unreadable = 0
        return measurement

    async def _record_unreadable(self, name: ImageName, reason: str) -> None:
        trouble = FrameTrouble(TroubleKind.UNREADABLE, (), reason)
        await self._context.journal.record(ImageMeasured(name, FrameVerdict.UNREADABLE, (trouble,)))

    async def _judge(self, measurement: ImageMeasurement) -> None:
        name = measurement.name
        judgements = self._look(measurement)
        if await self._gave_up(name, judgements[name]):
            judgements = self._look(measurement)
        changed = {
            other: judgement
            for other, judgement in judgements.items()
            if other != name and self._is_news(other, judgement)
        }
        self._judged |= {**changed, name: judgements[name]}
        # Before the records, which wake whoever takes the next exposure.
        self._find_common_trouble()
        if judgements[name].verdict is FrameVerdict.GOOD:
            await self._hold_against_what_is_in_use(measurement)
        for other, judgement in changed.items():
            await self._context.journal.record(self._event(other, judgement))
        # The last: until it is recorded, the set of images to be processed is open.
        await self._context.journal.record(self._event(name, judgements[name], measurement))

    def _look(self, measurement: ImageMeasurement) -> Mapping[ImageName, Judgement]:
        """Judge a frame and those before it, without the amplifiers that are masked."""
        state = self._context.state
        masked = dict(state.masked(state.planned[measurement.name].image_type))
        frames = []
        for item in (*state.measurements.values(), measurement):
            event = state.measured.get(item.name)
            kept = tuple(one for one in item.amplifiers if one.name not in masked)
            part = dataclasses.replace(item, amplifiers=kept)
            verdict = event.verdict if event is not None else None
            frames.append(MeasuredFrame(state.planned[item.name], part, verdict))
        return judge(frames, measurement.name, self._rule)

    async def _gave_up(self, name: ImageName, judgement: Judgement) -> bool:
        """Mask amplifiers that are bad in frame after frame, if that is wanted and they are few.

        Frames that were bad for them and for nothing else are good again.
        """
        context, most = self._context, self._context.config.may_mask
        trouble = common_trouble([*self._last(), judgement])
        if trouble is None or trouble.kind not in _OF_AN_AMPLIFIER or not trouble.amplifiers:
            return False
        image_type = context.state.planned[name].image_type
        if len({*dict(context.state.masked(image_type)), *trouble.amplifiers}) > most:
            return False
        reason = trouble.text.partition(": ")[2]
        await context.journal.record(AmplifiersGivenUp(image_type, trouble.amplifiers, reason))
        text = (
            f"{image_type}: masked from here on, bad in three frames in a row: {trouble.text}. "
            "Frames that were bad for that alone are good again."
        )
        await context.tell(text, logging.WARNING)
        for other, event in tuple(context.state.measured.items()):
            masked = dict(context.state.masked(context.state.planned[other].image_type))
            if event.verdict is FrameVerdict.BAD and all(
                item.amplifiers and masked.keys() >= set(item.amplifiers) for item in event.troubles
            ):
                self._judged[other] = Judgement(FrameVerdict.GOOD)
                await context.journal.record(ImageMeasured(other, FrameVerdict.GOOD))
        return True

    def _last(self) -> list[Judgement]:
        return [self._judged[name] for name in sorted(self._judged)]

    def _is_news(self, name: ImageName, judgement: Judgement) -> bool:
        event = self._context.state.measured[name]
        # What was left out has been taken again: it is not taken back.
        return not event.rejected and event.verdict is not judgement.verdict

    def _event(
        self, name: ImageName, judgement: Judgement, measurement: ImageMeasurement | None = None
    ) -> ImageMeasured:
        planned = self._context.state.planned[name]
        out = judgement.verdict is FrameVerdict.SETTLING or (
            judgement.verdict is FrameVerdict.BAD and self._context.config.retake_bad
        )
        return ImageMeasured(
            name,
            judgement.verdict,
            judgement.troubles,
            rejected=out and not planned.discard,
            measurement=measurement,
        )

    async def _hold_against_what_is_in_use(self, measurement: ImageMeasurement) -> None:
        trouble = await self._in_use.hold(measurement)
        if trouble is not None and self._in_use.may_end and self.failure is None:
            self.failure = BadFramesError(
                f"Three frames in a row differ in the same way ({trouble.kind}): {trouble.text}.",
                last_seen=str(measurement.name),
                remedy=f"{_REMEDIES[trouble.kind]} With on_difference: warn it is told only.",
            )

    def _find_common_trouble(self) -> None:
        """Look at the frames of this process: what was before a resume has been seen to."""
        trouble = common_trouble(self._last())
        if trouble is None:
            return
        names = [str(name) for name in sorted(self._judged)[-3:]]
        self.failure = BadFramesError(
            f"Three frames in a row are wrong in the same way ({trouble.kind}): {trouble.text}.",
            last_seen=", ".join(names),
            remedy=_REMEDIES[trouble.kind],
        )
