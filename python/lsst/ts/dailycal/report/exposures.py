# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of the exposures of a run."""

__all__ = ["report_exposures"]

from collections.abc import Iterator, Sequence

from ..journal.codec import Entry
from ..model import Event, ExposureTaken, ImageIngested, ImageName
from ..run.state import RunState, Slot
from .document import ReportedExposure
from .times import iso_utc


def report_exposures(
    state: RunState, records: Sequence[Entry[Event]]
) -> Iterator[ReportedExposure]:
    """Tell what became of each image, and which ones were never taken.

    Parameters
    ----------
    state : `RunState`
        The fold of the journal.
    records : `~collections.abc.Sequence` [`Entry`]
        The journal.
    """
    ingested = {record.event.name for record in records if isinstance(record.event, ImageIngested)}
    fills = {slot.image.name: slot for slot in state.slots.values() if slot.image is not None}
    for record in records:
        if isinstance(record.event, ExposureTaken):
            image = record.event.image
            fate, reason = _fate(state, image.name, fills.get(image.name))
            yield ReportedExposure(
                image_type=image.planned.image_type,
                exposure_time=image.planned.exposure_time,
                number=image.planned.number,
                discard=image.planned.discard,
                image=image.name,
                exposure_id=image.name.exposure_id,
                taken_utc=iso_utc(record.tai),
                fate=fate,
                reason=reason,
                measurement=state.measurements.get(image.name),
                ingested=image.name in ingested,
            )
    for slot in state.slots.values():
        if slot.image is None:
            item = slot.planned
            yield ReportedExposure(
                item.image_type, item.exposure_time, item.number, item.discard,
                None, None, "", "not taken", "", None, False,
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
    left_out = state.left_out.get(slot.planned.image_type, ())
    decision = state.decisions.get(slot.planned.image_type)
    if name.exposure_id in left_out:
        why = "; ".join(decision.reasons) if decision is not None else ""
        return "left out", why or "verification found it bad"
    if decision is not None and name.exposure_id in decision.bad_exposures:
        return "used", "verification found it bad"
    return "used", ""
