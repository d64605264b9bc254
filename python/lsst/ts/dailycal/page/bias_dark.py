# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page *LATISS Daily Calibrations BIAS and DARK only*, as data."""

__all__ = ["BIAS_DARK", "CALIBRATIONS", "PROCEDURES", "SCHEDULER_CONFIG"]

from ..model import ComponentName, ScriptPath
from .announcements import announce_after, announce_before, announce_failure
from .steps import PageStep, Precondition, Procedure

CALIBRATIONS = ScriptPath("auxtel/make_latiss_calibrations.py", is_standard=False)
"""The script that takes the images."""
SCHEDULER_CONFIG = "auxtel_fbs_image_photocal.yaml"
"""Configuration of Scheduler:2 that the observatory's pages use for daytime calibrations.

The page itself names none, although ``auxtel/scheduler/enable.py`` requires one.
"""

ATCS = tuple(
    ComponentName(name)
    for name in (
        "ATMCS",
        "ATPtg",
        "ATAOS",
        "ATPneumatics",
        "ATHexapod",
        "ATDome",
        "ATDomeTrajectory",
    )
)
"""Components of the telescope."""
LATISS = tuple(
    ComponentName(name) for name in ("ATCamera", "ATSpectrograph", "ATHeaderService", "ATOODS")
)
"""Components of the instrument."""
OCPS = ComponentName("OCPS", 1)
"""The pipeline service for LATISS."""
SCHEDULER = ComponentName("Scheduler", 2)
"""The scheduler of the Auxiliary Telescope."""

BIAS_DARK = Procedure(
    name="bias-dark",
    title="LATISS Daily Calibrations BIAS and DARK only",
    steps=(
        PageStep(
            name="enable-atcs",
            title="Enable the telescope",
            script=ScriptPath("auxtel/enable_atcs.py", is_standard=True),
            components=ATCS,
            before=announce_before(),
            enables=True,
        ),
        PageStep(
            name="enable-latiss",
            title="Enable LATISS",
            script=ScriptPath("auxtel/enable_latiss.py", is_standard=True),
            components=LATISS,
            enables=True,
        ),
        PageStep(
            name="enable-ocps",
            title="Enable OCPS:1",
            script=ScriptPath("set_summary_state.py", is_standard=True),
            configuration="data:\n- ['OCPS:1', ENABLED]\n",
            duration=2.0,
            deadline=300.0,
            components=(OCPS,),
            enables=True,
        ),
        PageStep(
            name="enable-scheduler",
            title="Enable Scheduler:2",
            script=ScriptPath("auxtel/scheduler/enable.py", is_standard=True),
            configuration=f"config: {SCHEDULER_CONFIG}\n",
            duration=30.0,
            deadline=300.0,
            components=(SCHEDULER,),
            enables=True,
        ),
        PageStep(
            name="calibrations",
            title="Take biases and darks",
            script=CALIBRATIONS,
            configuration="script_mode: BIAS_DARK\n",
            components=(*LATISS, OCPS),
            preconditions=tuple(Precondition),
            after=announce_after(),
            takes_images=True,
        ),
        PageStep(
            name="standby-latiss",
            title="Leave LATISS in STANDBY",
            script=ScriptPath("auxtel/standby_latiss.py", is_standard=True),
            components=LATISS,
            restores=True,
        ),
    ),
    failure=announce_failure(),
)
"""The page."""

PROCEDURES = {procedure.name: procedure for procedure in (BIAS_DARK,)}
"""Every page that there is, by its name (`dict` [`str`, `Procedure`])."""
