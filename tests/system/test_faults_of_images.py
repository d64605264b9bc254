# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults that strike the way of an image, through real processes: all of them in one run."""

import pytest
from fault_rig import QUICK, observatory

from lsst.ts.dailycal.model import ExposureFailed, ExposureTaken, ImageLost

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(580),
    pytest.mark.usefixtures("scripts_end"),
]

UNSEEN = [
    "start_integration_lost",
    "start_integration_late",
    "start_integration_twice",
    "end_readout_late",
    "end_readout_twice",
    "camera_ack_late",
    "camera_ack_twice",
    "header_late",
    "header_twice",
    "ingest_late",
    "ingest_twice",
    "ingest_reordered",
    "ingest_foreign",
]
NOTED = {
    "end_readout_lost": "endReadout was not heard",
    "camera_ack_lost": "no final acknowledgement",
    "camera_ack_failed": "read out, yet refused",
}
TOLD = {"ingest_silent": "is in the Butler; that nobody said so"}
REFUSED = {"camera_refuses": "refused"}
RETAKEN = {
    "header_silent": "did not reach the Butler",
    "ingest_error": "status 1",
    "disk_full": "No space left on device",
    "file_empty": "could not ingest",
    "file_corrupt": "could not ingest",
}


STRUCK = [*REFUSED, *UNSEEN, *NOTED, *TOLD, *RETAKEN]
FAULTS = [f"{name}@BIAS/{number}" for number, name in enumerate(STRUCK, start=1)]


@pytest.fixture(scope="module")
def rig(tmp_path_factory, template):
    with observatory(tmp_path_factory.mktemp("images"), template, *FAULTS) as rig:
        yield rig


async def test_every_fault_of_an_image_is_survived_and_no_frame_is_lost(rig):
    config = {**QUICK, "script_mode": "BIAS", "n_bias": len(STRUCK), "n_discard_bias": 0}
    result = await rig.run(config, generate_calibrations=False)
    assert (result.exit_code, result.state) == (0, "DONE"), result.text
    for fault in FAULTS:
        rig.note(fault, result)
    rig.check_accounts(exposures=len(STRUCK) + len(RETAKEN))
    notes = " ".join(note for event in rig.events(ExposureTaken) for note in event.image.notes)
    for name, text in NOTED.items():
        assert text in notes, name
    for name, text in TOLD.items():
        assert text in result.log, name
    lost = " ".join(event.reason for event in rig.events(ImageLost))
    for name, text in RETAKEN.items():
        assert text in lost, name
    assert len(rig.events(ImageLost)) == len(RETAKEN)
    (refusal,) = rig.events(ExposureFailed)
    assert "refused" in refusal.reason
    (calibration,) = rig.outcome.calibrations
    assert calibration.kept == calibration.wanted == len(STRUCK)
