# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of a run: the fold of its events.

The engine looks only here to see what is still to be done, so that going on after a crash is
the same as going on.
"""

__all__ = ["JobRecord", "RunState", "Slot"]

import typing
from collections.abc import Iterable

from ..model import (
    AmplifiersGivenUp,
    Certification,
    Certified,
    CombinationNoted,
    Compared,
    Comparison,
    Decided,
    Decision,
    Event,
    ExposureAsked,
    ExposureFailed,
    ExposureTaken,
    FrameVerdict,
    ImageDamaged,
    ImageIngested,
    ImageLost,
    ImageMeasured,
    ImageMeasurement,
    ImageName,
    ImageType,
    ImageUnclaimed,
    JobAbandoned,
    JobAsked,
    JobFinished,
    JobKey,
    JobStep,
    JobSubmitted,
    JournalError,
    PlannedExposure,
    Resumed,
    RunEnded,
    RunOutcome,
    RunStarted,
)
from .records import JobRecord, Slot


class RunState:
    """The state of a run.

    Parameters
    ----------
    events : `~collections.abc.Iterable` [`Event`], optional
        The events so far.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.started: RunStarted | None = None
        self.slots: dict[tuple[ImageType, int], Slot] = {}
        self.jobs: dict[JobKey, JobRecord] = {}
        self.decisions: dict[ImageType, Decision] = {}
        self.left_out: dict[ImageType, tuple[int, ...]] = {}
        """Ids of the exposures without which the others are combined and verified again."""
        self.to_mask: dict[ImageType, dict[str, str]] = {kind: {} for kind in ImageType}
        """Amplifiers that are masked in what is made of one type, and why."""
        self.again: set[ImageType] = set()
        """Types of which the exposures are combined and verified a second time."""
        self.comparisons: dict[ImageType, Comparison] = {}
        self.certifications: dict[ImageType, Certification] = {}
        self.all_images: list[ImageName] = []
        self.planned: dict[ImageName, PlannedExposure] = {}
        """What each image that was read out answers, the replaced ones too."""
        self.lost: dict[ImageName, str] = {}
        self.damaged: set[ImageName] = set()
        """Images that the Butler has and nobody can read; they are in `lost` as well."""
        self.measured: dict[ImageName, ImageMeasured] = {}
        """The last record of each image that was measured, in the order of measurement."""
        self.measurements: dict[ImageName, ImageMeasurement] = {}
        """What was measured, in the order of measurement."""
        self.nameless: dict[str, PlannedExposure] = {}
        """Attempts that failed without a name, by group id: an image may turn up all the same."""
        self.group_ids_used = 0
        self.outcome: RunOutcome | None = None
        for event in events:
            self.apply(event)

    def apply(self, event: Event) -> None:
        """Take note of an event.

        Raises
        ------
        JournalError
            If it does not fit what happened before.
        """
        try:
            self._apply(event)
        except KeyError as error:
            raise JournalError(
                f"{type(event).__name__} of {error} does not fit what happened before.",
                remedy="The journal was damaged or edited; this run cannot be resumed.",
            ) from error

    def _apply(self, event: Event) -> None:  # noqa: PLR0912, PLR0915 - one case an event
        match event:
            case RunStarted():
                self.started = event
                self.slots = {
                    (item.image_type, item.number): Slot(item) for item in event.exposures
                }
            case Resumed():
                self.outcome = None
                for slot in self.slots.values():
                    slot.attempts = 0
            case ExposureAsked():
                slot = self._slot(event.planned)
                slot.attempts = event.attempt
                slot.asked, slot.failure = event, ""
                self.group_ids_used += 1
            case ExposureTaken():
                slot = self._slot(event.image.planned)
                slot.image, slot.ingested, slot.asked = event.image, False, None
                self.all_images.append(event.image.name)
                self.planned[event.image.name] = event.image.planned
            case ExposureFailed():
                slot = self._slot(event.planned)
                if event.image_name is None and slot.asked is not None:
                    self.nameless[slot.asked.group_id] = event.planned
                slot.asked, slot.failure = None, event.reason
                if event.image_name is not None:
                    self.all_images.append(event.image_name)
                    self.lost[event.image_name] = event.reason
            case ImageIngested():
                self.lost.pop(event.name, None)
                for slot in self._slots_of(event.name):
                    slot.ingested = True
            case ImageLost():
                self.lost[event.name] = event.reason
            case ImageDamaged():
                self.lost[event.name] = event.reason
                self.damaged.add(event.name)
                for slot in self._slots_of(event.name):
                    slot.ingested = False
            case ImageMeasured():
                self._apply_measured(event)
            case AmplifiersGivenUp():
                self.to_mask[event.image_type] |= dict.fromkeys(event.amplifiers, event.reason)
            case ImageUnclaimed():
                self.nameless.pop(event.group_id, None)
                self.all_images.append(event.name)
            case JobAsked():
                self.jobs[event.key] = JobRecord()
            case JobSubmitted():
                self.jobs[event.key].job_id = event.job_id
                self.jobs[event.key].enabled_since = event.enabled_since
            case JobFinished():
                self.jobs[event.key].result = event.result
            case JobAbandoned():
                self.jobs[event.key].abandoned = True
            case CombinationNoted():
                self.jobs[event.key].noted = event
            case Decided():
                self._apply_decision(event.decision)
            case Compared():
                self.comparisons[event.comparison.image_type] = event.comparison
            case Certified():
                self.certifications[event.image_type] = event.certification
            case RunEnded():
                self.outcome = event.outcome

    def _apply_decision(self, decision: Decision) -> None:
        self.decisions[decision.image_type] = decision
        if decision.goes_on:
            self.again.add(decision.image_type)
            self.left_out[decision.image_type] = decision.left_out
            self.to_mask[decision.image_type] |= dict(decision.to_mask)

    def _apply_measured(self, event: ImageMeasured) -> None:
        before = self.measured.get(event.name)
        self.measured[event.name] = event
        if event.measurement is not None:
            self.measurements[event.name] = event.measurement
        newly = event.rejected and not (before and before.rejected)
        if newly and event.verdict is FrameVerdict.SETTLING:
            # Nobody's failure: the attempts are for frames that should have been good.
            for slot in self._slots_of(event.name):
                slot.attempts = max(0, slot.attempts - 1)

    def _slot(self, planned: PlannedExposure) -> Slot:
        return self.slots[planned.image_type, planned.number]

    def _slots_of(self, name: ImageName) -> typing.Iterator[Slot]:
        return (slot for slot in self.slots.values() if slot.image and slot.image.name == name)

    def of_type(self, image_type: ImageType) -> list[Slot]:
        """Return the slots of one image type, in order (`list` [`Slot`])."""
        return [slot for (kind, _), slot in self.slots.items() if kind is image_type]

    def needs_exposure(self, slot: Slot) -> bool:
        """Tell whether a slot has no image, or one that was lost and has to be replaced."""
        if slot.image is None:
            return True
        name = slot.image.name
        return (name in self.lost or self.is_rejected(name)) and not slot.planned.discard

    def is_rejected(self, name: ImageName) -> bool:
        """Tell whether an image is left out for what was measured on it."""
        event = self.measured.get(name)
        return event is not None and event.rejected

    def rejected(self, image_type: ImageType) -> list[ImageMeasured]:
        """Return what was left out for what was measured (`list` [`ImageMeasured`]).

        The replaced images too, in the order of measurement.
        """
        return [
            event
            for name, event in self.measured.items()
            if event.rejected
            and name in self.planned
            and self.planned[name].image_type is image_type
        ]

    def next_slot(self, max_attempts: int) -> Slot | None:
        """Return the first slot that is to be exposed now, in the order of the plan."""
        for slot in self.slots.values():
            if self.needs_exposure(slot) and slot.attempts < max_attempts:
                return slot
        return None

    def is_pending(self, slot: Slot) -> bool:
        """Tell whether it is still open if the image of a slot reaches the Butler."""
        return slot.image is not None and not slot.ingested and slot.image.name not in self.lost

    def is_settled(self, image_type: ImageType, max_attempts: int) -> bool:
        """Tell whether nothing will change any more in the images to be processed."""
        return not any(
            slot.asked is not None
            or self.is_pending(slot)
            or (self.needs_exposure(slot) and slot.attempts < max_attempts)
            for slot in self.of_type(image_type)
            if not slot.planned.discard
        )

    def usable(self, image_type: ImageType) -> list[ImageName]:
        """Return the images of one type that can be processed (`list` [`ImageName`])."""
        return [
            slot.image.name
            for slot in self.of_type(image_type)
            if slot.image is not None
            and slot.ingested
            and not slot.planned.discard
            and not self.is_rejected(slot.image.name)
        ]

    def processed(self, image_type: ImageType) -> list[ImageName]:
        """Return the usable images without those that were left out (`list` [`ImageName`])."""
        left_out = self.left_out.get(image_type, ())
        return [name for name in self.usable(image_type) if name.exposure_id not in left_out]

    def noted(self, key: JobKey) -> CombinationNoted:
        """Return what a job that combines left out and noted (`CombinationNoted`)."""
        record = self.jobs.get(key)
        return (record.noted if record is not None else None) or CombinationNoted(key)

    def uncombined(self, image_type: ImageType) -> dict[int, str]:
        """Return ids of exposures that combination left out by itself, and why (`dict`)."""
        first = self.noted(JobKey(JobStep.GENERATE, image_type)).reasons
        # What verification dropped was given to the first combination alone.
        dropped = self.left_out.get(image_type, ())
        last = self.noted(self.job_key(JobStep.GENERATE, image_type)).reasons
        return {number: why for number, why in first.items() if number in dropped} | last

    def combined(self, image_type: ImageType) -> list[ImageName]:
        """Return those of `processed` without what combination left out (`list` [`ImageName`])."""
        uncombined = self.uncombined(image_type)
        return [name for name in self.processed(image_type) if name.exposure_id not in uncombined]

    def job_key(self, step: JobStep, image_type: ImageType) -> JobKey:
        """Name the job whose result counts: the second one if the first decision wanted one."""
        return JobKey(step, image_type, 2 if image_type in self.again else 1)

    def masked(self, image_type: ImageType) -> tuple[tuple[str, str], ...]:
        """Return the amplifiers that are masked in a calibration, and why, in their order.

        What is masked in the bias is masked in the dark that is reduced with it.
        """
        of_bias = self.to_mask[ImageType.BIAS] if image_type is ImageType.DARK else {}
        return tuple(sorted((of_bias | self.to_mask[image_type]).items()))

    def count_taken(self, image_type: ImageType) -> int:
        """Count the exposures of one type that have been read out (`int`)."""
        return sum(slot.image is not None for slot in self.of_type(image_type))
