# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault that can strike a run, each place where it can, and what must come of it.

The run takes 1 + 3 biases and 1 + 2 darks, of which the first are discarded, and certifies both.
"""

import dataclasses
from collections.abc import Iterator

FINE = ("certified", "certified")
NO_BIAS = ("failed", "not attempted")
NO_DARK = ("certified", "failed")
NOTHING = ("not attempted", "not attempted")
BIAS_ONLY = ("certified", "not attempted")

ROOMS = (
    "Camera",
    "Headers and ingestion",
    "Files",
    "Jobs",
    "Components",
    "Control and signals",
    "Repository",
    "Disks",
    "Clock and observing day",
    "Whoever watches",
)


@dataclasses.dataclass(frozen=True)
class Case:
    """One fault at one place."""

    room: str
    """Where it belongs in the page."""
    fault: str
    """The fault as `dailycal rehearse --fault` takes it, or a sentence if it is no such fault."""
    statuses: tuple[str, str] = FINE
    """What becomes of biases and darks in the run that it strikes."""
    says: str = ""
    """Part of the reason, or of a message to the observer."""
    resumed: tuple[str, str] | None = None
    """What becomes of them when the run is resumed; `None` if there is nothing to resume."""
    retaken: int = 0
    """Frames that were read out in vain, and taken again."""
    certifications: int = 2
    """How many calibrations are certified in the end."""
    config: tuple[tuple[str, object], ...] = ()
    """What is configured otherwise."""
    large: bool = False
    """Are the frames as large as the statistics of verification need them?"""
    start: str = "2026-11-23T20:00:00"
    """When it begins, TAI."""
    state: str = ""
    """How the script ends, if that does not follow from the outcome."""

    @property
    def ends(self) -> str:
        """State and exit code of the script (`str`)."""
        codes = {"DONE": 0, "FAILED": 1, "STOPPED": 0}
        carried_out = {"certified", "verified", "rejected"}.issuperset(self.statuses)
        state = self.state or ("DONE" if carried_out else "FAILED")
        return f"{state}, {codes[state]}" if state in codes else state

    @property
    def is_scheduled(self) -> bool:
        """Is it one of the faults of the simulated observatory (`bool`)?"""
        return " " not in self.fault


IMAGES = ("BIAS/1", "BIAS/2", "BIAS/4", "DARK/1", "DARK/3")
"""First, second and last of the biases; first and last of the darks."""
KEPT = ("BIAS/2", "BIAS/4", "DARK/2", "DARK/3")
DISCARDED = ("BIAS/1", "DARK/1")
JOBS = ("generate/BIAS", "verify/BIAS", "generate/DARK", "verify/DARK")


def survived(room: str, fault: str, says: str = "", places: tuple[str, ...] = IMAGES):
    """The run goes on as if nothing had been, or with a note."""
    return [Case(room, f"{fault}@{place}", says=says) for place in places]


def retaken(room: str, fault: str, says: str):
    """The frame is taken again; one that is discarded anyhow is not."""
    return [
        *(Case(room, f"{fault}@{place}", says=says, retaken=1) for place in KEPT),
        *(Case(room, f"{fault}@{place}", says=says) for place in DISCARDED),
    ]


def ended(room: str, fault: str, says: str, places: tuple[str, ...]):
    """No further frame can be taken; what is there is processed."""
    return [
        Case(
            room,
            f"{fault}@{place}",
            NOTHING if place.startswith("BIAS") else BIAS_ONLY,
            says,
            resumed=FINE,
        )
        for place in places
    ]


def failed(room: str, fault: str, says: str, places: tuple[str, ...] = JOBS):
    """The calibration fails; resume does what is left."""
    return [
        Case(room, f"{fault}@{place}", NO_DARK if "ark" in place.lower() else NO_BIAS, says, FINE)
        for place in places
    ]


def damaged(room: str, fault: str, values: str = "") -> list[Case]:
    """ATOODS ingests it, and the jobs fail on it: it is left out, and taken again."""
    return [
        *(
            Case(
                room,
                f"{fault}@{place}{values}",
                BIAS_ONLY if place.startswith("DARK") else (NOTHING[0], "certified"),
                "its file is damaged",
                FINE,
                retaken=1,
            )
            for place in KEPT
        ),
        *(Case(room, f"{fault}@{place}{values}") for place in DISCARDED),
    ]


def _camera() -> Iterator[Case]:
    room = "Camera"
    yield from survived(room, "camera_refuses", "refused")
    yield from ended(room, "camera_fault", "ATCamera is not ENABLED", IMAGES)
    for event in ("start_integration", "end_readout", "camera_ack"):
        yield from survived(room, f"{event}_late")
        yield from survived(room, f"{event}_twice")
    yield from survived(room, "start_integration_lost")
    yield from survived(room, "end_readout_lost", "endReadout was not heard within 5 s")
    yield from survived(
        room, "camera_ack_lost", "no final acknowledgement within 5 s of endReadout"
    )
    yield from survived(room, "camera_ack_failed", "read out, yet refused")
    yield Case(room, "camera_refuses@1-6", NOTHING, "failed 6 times in a row", FINE)
    for kind in ("shutter_stuck@DARK/*", "new_sequencer"):
        yield bad_frames(room, kind, ("rejected", "rejected"))


def bad_frames(room: str, fault: str, statuses: tuple[str, str]) -> Case:
    """The frames are there, and verification rejects them: a result, not a failure."""
    config = (
        ("generate_calibrations", False),
        ("measure", False),
        ("number_verification_tests_threshold_bias", 8),
        ("number_verification_tests_threshold_dark", 8),
    )
    if "DARK" in fault:
        statuses = ("verified", "rejected")
    return Case(room, fault, statuses, certifications=0, config=config, large=True)


def _ingestion() -> Iterator[Case]:
    room = "Headers and ingestion"
    yield from retaken(room, "header_silent", "did not reach the Butler within 2 min")
    yield from survived(room, "header_late")
    yield from survived(room, "header_twice")
    yield from survived(room, "ingest_silent", "is in the Butler; that nobody said so")
    yield from retaken(room, "ingest_error", "status 1")
    for fault in ("ingest_late", "ingest_twice", "ingest_reordered", "ingest_foreign"):
        yield from survived(room, fault)
    few = (("max_attempts", 1), ("min_bias", 2))
    yield Case(room, "ingest_error@BIAS/3", says="going on with 2 of 3 images", config=few)
    yield Case(
        room,
        "ingest_error@BIAS/3-4",
        (NOTHING[0], "certified"),
        "1 of 3 images can be used, and at least 2",
        FINE,
        retaken=2,
        config=few,
    )


def _files() -> Iterator[Case]:
    room = "Files"
    yield from retaken(room, "disk_full", "No space left on device")
    yield from retaken(room, "file_empty", "the file is empty")
    yield from retaken(room, "file_corrupt", "the header cannot be read")
    for fault in ("file_short", "file_nan"):
        yield from damaged(room, fault)
    yield from damaged(room, "file_corrupt", ":where=data")
    yield Case(
        room,
        "file_short@BIAS/3",
        says="going on with 2 of 3 images",
        config=(("min_bias", 2),),
    )
    yield bad_frames(room, "file_saturated@BIAS/2-", ("rejected", "verified"))


MEASURED = (("measure", True),)


def _pixels() -> Iterator[Case]:
    """The frames are measured, and a bad one is taken again."""
    room = "Files"
    for fault in FRAME_FAULTS:
        name, _, values = fault.partition(":")
        text = f"{name}@BIAS/4" + (f":{values}" if values else "")
        yield Case(room, text, retaken=1, config=MEASURED, large=True)
    for fault in UNSEEN_FAULTS:
        yield Case(room, fault, config=MEASURED, large=True)
    yield Case(room, "frame_identical@BIAS/3-4", retaken=1, config=MEASURED, large=True)
    yield Case(
        room,
        "amplifier_dead@DARK/2-4",
        BIAS_ONLY,
        "in a row",
        FINE,
        retaken=3,
        config=MEASURED,
        large=True,
    )


FRAME_FAULTS = (
    "glow:strength=300",
    "light_leak:light=30",
    "settling",
    "level_step:strength=200,amplifier=all",
    "amplifier_shifted:amplifier=all",
    "amplifier_noisy",
    "noise_burst",
    "gain_lost",
    "stuck_bit",
    "oscillation",
    "overscan_bleed",
    "readout_shifted",
    "header_wrong",
    "header_wrong:image_type=same,seconds=15",
)
UNSEEN_FAULTS = ("exposure_wrong@DARK/3",)
"""In one frame they do no harm that anybody could see."""


def _jobs() -> Iterator[Case]:
    room = "Jobs"
    yield from failed(room, "job_refused", "refused")
    yield from failed(room, "job_not_acknowledged", "did not accept")
    yield from failed(room, "job_error", "exit code 1")
    yield from failed(room, "job_aborted", "exit code 255")
    yield from failed(room, "job_unknown_phase", "exit code 1")
    yield from failed(room, "ocps_fault", "FAULT", places=JOBS[:3])
    yield from failed(room, "ocps_restarted", "not ENABLED any more", places=JOBS[:2])
    # A short job has written its output by the time that its result is no longer waited for.
    yield from survived(room, "ocps_fault", places=JOBS[3:])
    yield from survived(room, "ocps_restarted", places=JOBS[2:])
    for fault in ("before_ack", "late", "twice"):
        yield from survived(room, f"job_result_{fault}", places=JOBS)
    yield from survived(room, "job_results_reordered", places=JOBS)
    # Its output is in the Butler; the deadline is waited for all the same.
    yield from survived(room, "job_result_never", places=JOBS)


def _components() -> Iterator[Case]:
    room = "Components"
    early, late, after = ("1s", "5s"), ("15s", "25s"), ("35s", "60s", "90s")
    in_vain = {"ATHeaderService/5s": 2, "ATHeaderService/25s": 1, "ATOODS/5s": 2, "ATOODS/25s": 2}
    for name in ("ATCamera", "ATHeaderService", "ATOODS"):
        for times, statuses, resumed in (
            (early, NOTHING, FINE),
            (late, BIAS_ONLY, FINE),
            (after, FINE, None),
        ):
            for time in times:
                place = f"{name}/{time}"
                count, says = in_vain.get(place, 0), name if resumed else ""
                yield Case(room, f"leaves_enabled@{place}", statuses, says, resumed, count)
    yield Case(room, "leaves_enabled@ATCamera/15s:state=STANDBY", BIAS_ONLY, "STANDBY", FINE)
    for time in (*early, *late, "35s"):
        yield Case(room, f"leaves_enabled@OCPS:1/{time}", NO_BIAS, "OCPS:1 FAULT", FINE)
    for time in ("60s", "90s"):
        yield Case(room, f"leaves_enabled@OCPS:1/{time}", NO_DARK, "OCPS:1 FAULT", FINE)
    yield from survived(room, "leaves_enabled", "", ("ATSpectrograph/1s", "ATSpectrograph/35s"))
    for name in ("ATCamera", "ATHeaderService", "ATOODS"):
        yield Case(room, f"heartbeat_lost@{name}/1s", NOTHING, "no heartbeat", FINE)
        yield Case(room, f"heartbeat_lost@{name}/15s", BIAS_ONLY, "no heartbeat", FINE)
        yield Case(room, f"heartbeat_lost@{name}/35s")
    yield from survived(room, "heartbeat_lost", "", ("OCPS:1/1s", "OCPS:1/35s"))


def _repository() -> Iterator[Case]:
    room, types = "Repository", ("bias", "dark")
    reads = (*types, "verifyBiasStats", "verifyDarkStats")
    yield from failed(room, "repository_unreadable", "cannot be read", reads)
    yield from failed(room, "repository_locked", "within 60 s", types)
    yield from failed(room, "repository_read_only", "read-only", types)
    yield from failed(room, "certified_by_another", "from u/somebody/run", types)


def _clock() -> Iterator[Case]:
    room = "Clock and observing day"
    yield Case(room, "clock_step@1s")
    yield Case(room, "clock_step@20s")
    yield Case(room, "clock_step@35s:seconds=-3600")
    yield Case(room, "clock_step@20s:seconds=86400")


CASES: tuple[Case, ...] = (
    *_camera(),
    *_ingestion(),
    *_files(),
    *_pixels(),
    *_jobs(),
    *_components(),
    *_repository(),
    *_clock(),
)
"""The faults of the simulated observatory."""

_STOPPED = ("stopped", "stopped")
STOPS: tuple[Case, ...] = tuple(
    Case("Control and signals", fault, _STOPPED, says, FINE, state="STOPPED")
    for fault, says in (
        ("stop at a checkpoint", ""),
        ("stop while paused", ""),
        ("stop in the middle of an exposure or a job", ""),
        ("stop and result at the same moment", ""),
        ("stop, with abort_refused", "may still be running"),
        ("stop, with abort_silent", "may still be running"),
        ("stop, with camera and OCPS in FAULT", ""),
    )
)
"""A person stops the run."""

DISKS: tuple[Case, ...] = (
    Case(
        "Disks",
        "the disk of the journal is full",
        ("open", "open"),
        "cannot be written",
        FINE,
        state="FAILED",
    ),
    Case(
        "Disks",
        "the disk of the journal hangs",
        ("open", "open"),
        "did not answer within 30 s",
        FINE,
        state="FAILED",
    ),
    Case(
        "Disks",
        "the disk of what is printed is full",
        ("-", "-"),
        "cannot be written",
        certifications=0,
        state="-, 74",
    ),
)
"""Disks that are full or hang."""

OBSERVERS: tuple[Case, ...] = (
    Case("Whoever watches", "an observer raises", says="Observer Raising failed on RunStarted"),
    Case("Whoever watches", "an observer is slow"),
    Case("Whoever watches", "an observer hangs", says="Observer Hanging is not waited for"),
    Case("Whoever watches", "the announcer hangs", says="did not take it within 0.2 s"),
)
"""Whoever watches the run."""

BEFORE_A_RUN = {
    "camera_publish_only": "the scripts that enable",
    "in_fault": "the scripts that enable",
    "transition_fault": "the scripts that enable",
    "transition_refused": "the scripts that enable",
    "queue_paused": "the procedure page",
    "ccd_warm": "the checks before the page",
    "vacuum_poor": "the checks before the page",
    "board_cold": "the checks before the page",
}
"""Faults that strike before the first frame, and who meets them."""

DAYS: tuple[Case, ...] = tuple(
    Case("Clock and observing day", f"the observing day ends {when}", start=f"2026-11-23T{start}")
    for when, start in (
        ("before the first bias", "11:59:59.9"),
        ("among the biases", "11:59:56"),
        ("between biases and darks", "11:59:51.5"),
        ("among the darks", "11:59:40"),
        ("while jobs run", "11:59:00"),
    )
)
"""12:00 TAI passes during the run: names start again at 1, and belong to another day."""

KILLS: tuple[Case, ...] = (
    Case(
        "Control and signals",
        "kill after any record",
        ("open", "open"),
        resumed=FINE,
        state="SIGKILL, 137",
    ),
    Case(
        "Control and signals",
        "kill before any record",
        ("open", "open"),
        resumed=FINE,
        state="SIGKILL, 137",
    ),
)
"""The process is gone."""

ALL: tuple[Case, ...] = (*CASES, *STOPS, *KILLS, *DISKS, *DAYS, *OBSERVERS)
"""Everything that the page lists."""
