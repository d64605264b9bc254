# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of the exposures of a run."""

__all__ = ["report_exposures"]

from collections.abc import Iterator, Sequence

from ..journal.codec import Entry
from ..model import (
    Event,
    ExposureFailed,
    ExposureTaken,
    Image,
    ImageIngested,
    ImageName,
    ImageType,
    PlannedExposure,
)
from ..run.state import RunState, Slot
from .document import ReportedExposure
from .times import iso_utc


def report_exposures(
    state: RunState, records: Sequence[Entry[Event]]
) -> Iterator[ReportedExposure]:
    """Tell what became of each image and of each attempt that failed, and what was never taken.

    Parameters
    ----------
    state : `RunState`
        The fold of the journal.
    records : `~collections.abc.Sequence` [`Entry`]
        The journal.
    """
    ingested = {record.event.name for record in records if isinstance(record.event, ImageIngested)}
    last = {_key(item.event.planned): item for item in records
            if isinstance(item.event, ExposureFailed)}  # fmt: skip
    for record in records:
        event = record.event
        if isinstance(event, ExposureTaken):
            name = event.image.name
            yield _taken(state, event.image, iso_utc(record.tai), ingested=name in ingested)
        elif isinstance(event, ExposureFailed):
            key = _key(event.planned)
            fate = "failed" if record is last[key] and state.slots[key].failure else "retaken"
            yield _without_pixels(event.planned, event.image_name, fate, event.reason)
    for slot in state.slots.values():
        if slot.asked is not None:
            why = "it was being exposed, and what became of it is not known"
            yield _without_pixels(slot.planned, None, "not known", why)
        elif slot.image is None and not slot.failure:
            yield _without_pixels(slot.planned, None, "not taken", "")


def _key(planned: PlannedExposure) -> tuple[ImageType, int]:
    return planned.image_type, planned.number


def _taken(state: RunState, image: Image, utc: str, *, ingested: bool) -> ReportedExposure:
    slot = state.slots[_key(image.planned)]
    fills = slot if slot.image is not None and slot.image.name == image.name else None
    fate, reason = _fate(state, image.name, fills)
    return ReportedExposure(
        image_type=image.planned.image_type,
        exposure_time=image.planned.exposure_time,
        number=image.planned.number,
        discard=image.planned.discard,
        image=image.name,
        exposure_id=image.name.exposure_id,
        taken_utc=utc,
        fate=fate,
        reason=reason,
        measurement=state.measurements.get(image.name),
        ingested=ingested,
    )


def _without_pixels(
    planned: PlannedExposure, image: ImageName | None, fate: str, reason: str
) -> ReportedExposure:
    return ReportedExposure(
        planned.image_type, planned.exposure_time, planned.number, planned.discard,
        image, image.exposure_id if image is not None else None, "", fate, reason, None, False,
    )  # fmt: skip


def _fate(state: RunState, name: ImageName, slot: Slot | None) -> tuple[str, str]:
    """Tell what became of an image, and why."""
    measured = state.measured.get(name)
    found = "; ".join(measured.reasons) if measured is not None else ""
    reason = state.lost.get(name) or found
    if slot is None:
        return "retaken", reason or "another image was taken in its place"
    if name in state.lost:
        return "lost", reason
    if slot.planned.discard:
        return "discarded", "the first of its type, as planned"
    if state.is_rejected(name):
        return "left out", reason
    uncombined = state.uncombined(slot.planned.image_type)
    if name.exposure_id in uncombined:
        return "left out", f"combination left it out: {uncombined[name.exposure_id]}"
    left_out = state.left_out.get(slot.planned.image_type, ())
    decision = state.decisions.get(slot.planned.image_type)
    if name.exposure_id in left_out:
        why = "; ".join(decision.reasons) if decision is not None else ""
        return "left out", why or "verification found it bad"
    if decision is not None and name.exposure_id in decision.bad_exposures:
        return "used", "verification found it bad"
    return "used", ""
