# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong in the simulated observatory, and what the observer will see of it."""

__all__ = ["FAULT_KINDS"]

from .frame_kinds import FRAME_FAULT_KINDS
from .kind import FaultKind, Parameter


def _delay(seconds: float) -> Parameter:
    return Parameter("delay", seconds, "how late, in seconds")


_STATE = Parameter("state", "FAULT", "summary state that it goes to")

_KINDS = (
    # ATCamera. Context of every camera point: the image type, and the image name once there is one.
    FaultKind(
        "camera_publish_only",
        "camera.offline",
        "ATCamera is OFFLINE in PUBLISH_ONLY: enterControl is refused until CCS sets it available",
    ),
    FaultKind("camera_refuses", "camera.command", "takeImages is refused; the image is repeated"),
    FaultKind(
        "camera_fault",
        "camera.exposure",
        "ATCamera goes to FAULT during the exposure; the run ends with what it has",
        (Parameter("fraction", 0.5, "how far into exposure and readout, 0 to 1"),),
    ),
    FaultKind(
        "shutter_stuck",
        "camera.shutter",
        "the shutter stays open: light in the frame; the job fails on it, or the tests do",
        (Parameter("light", 200.0, "light that falls in, in electron/s a pixel"),),
    ),
    FaultKind(
        "start_integration_lost",
        "camera.start_integration",
        "startIntegration is not heard; endReadout gives the name of the image",
    ),
    FaultKind(
        "start_integration_late",
        "camera.start_integration",
        "startIntegration comes late; nothing but a note with the image",
        (_delay(3.0),),
    ),
    FaultKind(
        "start_integration_twice",
        "camera.start_integration",
        "startIntegration comes twice; nothing is to be seen",
    ),
    FaultKind(
        "end_readout_lost",
        "camera.end_readout",
        "endReadout is not heard; the acknowledgement proves the image, which gets a note",
    ),
    FaultKind(
        "end_readout_late",
        "camera.end_readout",
        "endReadout comes late; at most a note with the image",
        (_delay(3.0),),
    ),
    FaultKind(
        "end_readout_twice", "camera.end_readout", "endReadout comes twice; nothing is to be seen"
    ),
    FaultKind(
        "camera_ack_lost",
        "camera.ack",
        "the final acknowledgement is not heard; endReadout proves the image, which gets a note",
    ),
    FaultKind(
        "camera_ack_late",
        "camera.ack",
        "the final acknowledgement comes late; at most a note with the image",
        (_delay(3.0),),
    ),
    FaultKind(
        "camera_ack_twice",
        "camera.ack",
        "the final acknowledgement comes twice; nothing is to be seen",
    ),
    FaultKind(
        "camera_ack_failed",
        "camera.ack",
        "takeImages fails although the image was read out; the image is accounted for",
    ),
    # ATHeaderService.
    FaultKind(
        "header_silent", "headers", "no header comes, so the image is not ingested; it is retaken"
    ),
    FaultKind(
        "header_late", "headers", "the header comes late, and so does ingestion", (_delay(20.0),)
    ),
    FaultKind("header_twice", "headers", "the header comes twice; nothing is to be seen"),
    # ATOODS: its reports.
    FaultKind(
        "ingest_silent",
        "ingest",
        "the image is in the Butler, but ATOODS never says so; the Butler is asked",
    ),
    FaultKind(
        "ingest_error",
        "ingest",
        "ATOODS reports that ingestion failed; the image is retaken",
        (Parameter("code", 1.0, "status code: 1 for ingestion, 2 for metadata"),),
    ),
    FaultKind("ingest_late", "ingest", "ATOODS reports late; the run waits", (_delay(60.0),)),
    FaultKind("ingest_twice", "ingest", "ATOODS reports twice; nothing is to be seen"),
    FaultKind(
        "ingest_reordered",
        "ingest",
        "ATOODS reports the image after the next one; nothing is to be seen",
    ),
    FaultKind(
        "ingest_foreign",
        "ingest",
        "ATOODS first reports somebody else's image; nothing is to be seen",
    ),
    # ATOODS: the raw file.
    FaultKind("file_empty", "ingest.file", "the raw file has no bytes; ATOODS reports an error"),
    FaultKind(
        "file_corrupt",
        "ingest.file",
        "the raw file is damaged: ATOODS reports an error, or the job fails on it",
        (Parameter("where", "header", "header or data"),),
    ),
    FaultKind(
        "file_short",
        "ingest.file",
        "the raw file is cut off; it is ingested, and the job fails on it",
        (Parameter("fraction", 0.5, "how much of it is there, 0 to 1"),),
    ),
    FaultKind(
        "disk_full",
        "ingest.file",
        "the disk of the raw files has no room for the file; ATOODS reports an error",
    ),
    FaultKind("file_nan", "ingest.file", "an amplifier has no numbers; the job or tests fail"),
    FaultKind("file_saturated", "ingest.file", "every pixel is saturated; the tests fail"),
    # OCPS:1. Context: the step and the image type of the job.
    FaultKind("job_refused", "ocps.submit", "execute is refused; the calibration fails"),
    FaultKind("job_not_acknowledged", "ocps.submit", "execute gets no answer; a deadline ends it"),
    FaultKind("job_error", "ocps.result", "the job fails; OCPS reports exit code 1"),
    FaultKind("job_aborted", "ocps.result", "somebody aborts the job: exit code 255"),
    FaultKind("job_unknown_phase", "ocps.result", "the job ends in phase unknown: exit code 1"),
    FaultKind(
        "job_result_before_ack",
        "ocps.result",
        "the result comes before execute is acknowledged; nothing is to be seen",
    ),
    FaultKind("job_result_never", "ocps.result", "no result ever comes; a deadline ends the wait"),
    FaultKind("job_result_late", "ocps.result", "the result comes late", (_delay(120.0),)),
    FaultKind("job_result_twice", "ocps.result", "the result comes twice; nothing is to be seen"),
    FaultKind(
        "job_results_reordered",
        "ocps.result",
        "the result comes after that of the next job; nothing is to be seen",
    ),
    FaultKind(
        "ocps_fault",
        "ocps.job",
        "OCPS:1 goes to FAULT while the job runs; the calibration fails",
    ),
    FaultKind(
        "ocps_restarted",
        "ocps.job",
        "OCPS:1 is started again and has forgotten the job; the calibration fails",
    ),
    FaultKind(
        "abort_refused", "ocps.abort", "abort_job is refused after a stop; the log names the job"
    ),
    FaultKind(
        "abort_silent",
        "ocps.abort",
        "abort_job gets no answer after a stop; a deadline ends it, and the log names the job",
    ),
    # Any component. Context: its name, e.g. @ATOODS/300s.
    FaultKind(
        "leaves_enabled",
        "component.state",
        "the component is no longer ENABLED; the run says which one",
        (_STATE,),
    ),
    FaultKind(
        "heartbeat_lost",
        "heartbeat",
        "the component is no longer heard; the run says which one",
    ),
    FaultKind(
        "in_fault",
        "component.start",
        "the component is in FAULT when it starts; the scripts that enable clear it",
    ),
    # Context: the component and the command, e.g. @ATAOS/enable/* for every time.
    FaultKind(
        "transition_fault",
        "component.transition",
        "the component goes to FAULT when it is sent to another state; the script names it",
    ),
    FaultKind(
        "transition_refused",
        "component.transition",
        "the component refuses to go to another state; the script names it and the reason",
    ),
    FaultKind(
        "queue_paused",
        "queue.start",
        "ScriptQueue:2 is paused; scripts wait until somebody resumes it",
    ),
    # The detector and the dewar.
    FaultKind(
        "new_sequencer",
        "detector.sequencer",
        "another sequencer file: the bias pattern differs from the reference, tests fail",
        (
            Parameter("day_obs", 0.0, "first observing day of it; 0 for all days of the run"),
            Parameter("strength", 1.0, "size of the change; 1 is 20 electron"),
        ),
    ),
    *FRAME_FAULT_KINDS,
    FaultKind(
        "ccd_warm",
        "conditions",
        "the CCD is too warm; the preflight refuses",
        (Parameter("temperature", -98.0, "degree Celsius"),),
    ),
    FaultKind(
        "vacuum_poor",
        "conditions",
        "the dewar pressure is too high; the preflight refuses",
        (Parameter("pressure", 5e-3, "Torr"),),
    ),
    FaultKind(
        "board_cold",
        "conditions",
        "the WREB board is not yet at its temperature; the preflight warns",
        (Parameter("temperature", 21.0, "degree Celsius"),),
    ),
    FaultKind(
        "clock_step",
        "clock",
        "somebody sets the clock: times and day_obs jump, deadlines do not",
        (Parameter("seconds", 3600.0, "by how much it is set forward, in seconds"),),
    ),
    # The repository.
    FaultKind(
        "repository_unreadable",
        "repository.read",
        "the repository cannot be read; the calibration fails and can be resumed",
    ),
    FaultKind(
        "repository_locked",
        "repository.certify",
        "another writer holds the repository; certification gives up at its deadline",
    ),
    FaultKind(
        "repository_read_only",
        "repository.certify",
        "the repository cannot be written; certification fails",
    ),
    FaultKind(
        "certified_by_another",
        "repository.certify",
        "somebody certifies for the same days just before; a conflict is reported",
    ),
)

FAULT_KINDS = {kind.name: kind for kind in _KINDS}
"""Every kind of fault by its name (`dict` [`str`, `FaultKind`])."""
