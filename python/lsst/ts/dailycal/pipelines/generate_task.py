# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy does not follow the Data Management packages: their classes are Any to it.
# mypy: disable-error-code="misc, call-arg"
# Fields are named as people type them after pipetask's -c, in the style of the pipelines.
# ruff: noqa: N815, N803
"""PipelineTasks that make the combined bias and the combined dark.

The combination is one quantum for the whole detector: the raw frames are read in strips,
corrected and combined at once, so that no corrected frame is ever written.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar

from lsst.pex.config import Field
from lsst.pipe.base import PipelineTask, PipelineTaskConfig, Struct
from lsst.pipe.base.connectionTypes import Output

from ..model.detector import LATISS_AMPLIFIERS
from .combine import combine_bias, combine_dark
from .dark_hits import find_hits
from .image import with_masked
from .isr_config import (
    ClipConfig,
    CosmicRayConfig,
    HotPixelConfig,
    IsrConfig,
    SurveyConfig,
    nested,
)
from .valid_calibs import DETECTOR, ExposuresConnections, calibration, read_calibration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lsst.pipe.base import InputQuantizedConnection, OutputQuantizedConnection, QuantumContext
    from lsst.utils.logging import LsstLogAdapter

    from .image import CalibImage
    from .raw.frame import RawFrame


class CpBiasConnections(
    ExposuresConnections, dimensions=DETECTOR, defaultTemplates={"calib": "bias"}
):
    """Raw frames in, a combined calibration out."""

    combined = Output(
        doc="Combined calibration: a bias (electron), or a dark (electron/s).",
        name="{calib}",
        storageClass="LatissImage",
        dimensions=DETECTOR,
        isCalibration=True,
    )


class CpBiasConfig(PipelineTaskConfig, pipelineConnections=CpBiasConnections):
    """How a bias is made."""

    isr = nested(IsrConfig, "Instrument signature removal.")
    clip = nested(ClipConfig, "Clipping.")
    survey = nested(SurveyConfig, "Exposures that are left out.")
    badAmplifiers = Field[str](
        doc="Amplifiers whose pixels are marked BAD, e.g. C10+C11; empty for none.",
        default="",
        check=lambda text: set(amplifier_names(text)) <= {a.name for a in LATISS_AMPLIFIERS},
    )


class CpBiasTask(PipelineTask):
    """Make a combined bias."""

    ConfigClass: ClassVar = CpBiasConfig
    _DefaultName: ClassVar[str] = "cpBias"

    def run(self, raws: Sequence[RawFrame]) -> Struct:
        """Combine bias exposures.

        Parameters
        ----------
        raws : sequence of `RawFrame`
            The exposures.

        Returns
        -------
        result : `lsst.pipe.base.Struct`
            With combined, a `CalibImage`.
        """
        config = self.config
        bias = combine_bias(
            in_order(raws),
            config.isr.options(),
            config.clip.options(),
            config.survey.options(),
            masked=amplifier_names(config.badAmplifiers),
        )
        _report(self.log, bias)
        return Struct(combined=bias)


def _report(log: LsstLogAdapter, combined: CalibImage) -> None:
    """Log what was combined, and what was not."""
    log.info("Combined %d %s exposures.", len(combined.inputs), combined.kind)
    provenance = combined.provenance
    if provenance is not None:
        for left in provenance.left_out:
            log.warning("Left out exposure %d: %s.", left.exposure, left.reason)
        for note in provenance.notes:
            log.warning("%s.", note)


class CpDarkConnections(CpBiasConnections, dimensions=DETECTOR, defaultTemplates={"calib": "dark"}):
    """Raw darks and the bias that is valid for them in, a combined dark out."""

    biases = calibration("bias", "Combined bias (electron).")
    _CALIBRATIONS: ClassVar[tuple[str, ...]] = ("biases",)


class CpDarkConfig(CpBiasConfig, pipelineConnections=CpDarkConnections):
    """How a dark is made."""

    cosmicray = nested(CosmicRayConfig, "Cosmic ray finder.")
    crGrow = Field[int](doc="Radius that is added to cosmic rays (pixel).", default=2)
    hot = nested(HotPixelConfig, "Pixels with much dark current.")


class CpDarkTask(PipelineTask):
    """Make a combined dark."""

    ConfigClass: ClassVar = CpDarkConfig
    _DefaultName: ClassVar[str] = "cpDark"

    def runQuantum(
        self,
        butlerQC: QuantumContext,
        inputRefs: InputQuantizedConnection,
        outputRefs: OutputQuantizedConnection,
    ) -> None:
        """Read the bias, and write down which it was."""
        bias = read_calibration(butlerQC, inputRefs, "biases")
        result = self.run(butlerQC.get(inputRefs.raws), bias)
        (reference,) = inputRefs.biases
        provenance = dataclasses.replace(
            result.combined.provenance, calibrations=(("bias", str(reference.id)),)
        )
        dark = dataclasses.replace(result.combined, provenance=provenance)
        butlerQC.put(dark, outputRefs.combined)

    def run(self, raws: Sequence[RawFrame], bias: CalibImage) -> Struct:
        """Combine dark exposures.

        Parameters
        ----------
        raws : sequence of `RawFrame`
            The exposures.
        bias : `CalibImage`
            Combined bias.

        Returns
        -------
        result : `lsst.pipe.base.Struct`
            With combined, a `CalibImage`.

        Raises
        ------
        CosmicRayError
            If an exposure has more cosmic ray pixels than there can be.
        """
        config = self.config
        frames, masked = in_order(raws), amplifier_names(config.badAmplifiers)
        hits = find_hits(
            frames,
            with_masked(bias, masked),
            config.isr.options(),
            config.cosmicray.options(),
            config.crGrow,
        )
        dark = combine_dark(
            frames,
            bias,
            hits,
            config.isr.options(),
            config.clip.options(),
            survey=config.survey.options(),
            hot=config.hot.options(),
            masked=masked,
        )
        _report(self.log, dark)
        self.log.info("Pixels left out for cosmic rays: %d.", sum(map(len, hits)))
        return Struct(combined=dark)


def amplifier_names(text: str) -> list[str]:
    """Read names of amplifiers that are joined by plus signs (`list` [`str`])."""
    return [name for name in text.split("+") if name]


def in_order(frames: Sequence[RawFrame]) -> list[RawFrame]:
    """Sort frames by exposure, so that results do not depend on the order of the graph."""
    return sorted(frames, key=lambda frame: frame.exposure)
