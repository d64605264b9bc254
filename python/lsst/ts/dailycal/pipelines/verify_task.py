# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy does not follow the Data Management packages: their classes are Any to it.
# mypy: disable-error-code="misc, call-arg"
# Fields are named as people type them after pipetask's -c, in the style of the pipelines.
# ruff: noqa: N815, N803
"""PipelineTasks that verify bias and dark exposures: each exposure, then merged upwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from lsst.pex.config import ChoiceField, Field
from lsst.pipe.base import PipelineTask, PipelineTaskConfig, PipelineTaskConnections, Struct
from lsst.pipe.base.connectionTypes import Input, Output, PrerequisiteInput

from ..model.detector import DETECTOR_NAME
from .image import bin_pixels
from .isr import correct_frame
from .isr_config import CosmicRayConfig, IsrConfig, nested
from .metrics import measure_exposure
from .verify import VerifyOptions, detector_stats, exposure_stats, results_rows, run_stats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lsst.pipe.base import InputQuantizedConnection, OutputQuantizedConnection, QuantumContext

    from .image import CalibImage
    from .raw import RawFrame
    from .verify import Stats

_DETECTOR = ("instrument", "exposure", "detector")
_EXPOSURE = ("instrument", "exposure")


class VerifyBiasConnections(PipelineTaskConnections, dimensions=_DETECTOR):
    """A raw bias and the combined bias in, a corrected image and statistics out."""

    raw = Input(doc="Exposure.", name="raw", storageClass="LatissRaw", dimensions=_DETECTOR)
    bias = PrerequisiteInput(
        doc="Combined bias (electron).",
        name="bias",
        storageClass="LatissImage",
        dimensions=("instrument", "detector"),
        isCalibration=True,
    )
    corrected = Output(
        doc="Corrected exposure (electron).",
        name="verifyBiasIsrExp",
        storageClass="LatissImage",
        dimensions=_DETECTOR,
    )
    binned = Output(
        doc="Corrected exposure, averaged over 8 by 8 pixels (electron).",
        name="verifyBiasIsrExpBin8",
        storageClass="LatissBinned",
        dimensions=_DETECTOR,
    )
    stats = Output(
        doc="Measurements and verdicts of each amplifier.",
        name="verifyBiasDetStats",
        storageClass="StructuredDataDict",
        dimensions=_DETECTOR,
    )

    def __init__(self, *, config: VerifyBiasConfig) -> None:
        super().__init__(config=config)
        if config.writeIsrExp == "none":
            del self.corrected


class VerifyBiasConfig(PipelineTaskConfig, pipelineConnections=VerifyBiasConnections):
    """How a bias is verified."""

    isr = nested(IsrConfig, "Instrument signature removal.")
    cosmicray = nested(CosmicRayConfig, "Cosmic ray finder, of the repair for CR_NOISE.")
    noiseTestTwoSided = Field[bool](
        doc="Whether NOISE also fails for too little noise, as it did until March 2023.",
        default=False,
    )
    tolerance = Field[float](doc="Relative difference of noises that is allowed.", default=0.05)
    cornerSize = Field[int](doc="Edge of the box at the readout corner (pixel).", default=200)
    writeIsrExp = ChoiceField(
        doc="Which corrected exposures to write; they are 80 MB each.",
        dtype=str,
        default="failed",
        allowed={
            "failed": "those that an observer will want to look at: a test failed",
            "all": "all",
            "none": "none",
        },
    )

    def setDefaults(self) -> None:
        """Do without a dataset for the log of each exposure: it says nothing."""
        super().setDefaults()
        self.saveLogOutput = False


class VerifyBiasTask(PipelineTask):
    """Correct and measure one bias exposure."""

    ConfigClass: ClassVar = VerifyBiasConfig
    _DefaultName: ClassVar[str] = "verifyBias"
    _WITH_CORNER: ClassVar[bool] = True

    def runQuantum(
        self,
        butlerQC: QuantumContext,
        inputRefs: InputQuantizedConnection,
        outputRefs: OutputQuantizedConnection,
    ) -> None:
        """Write the corrected exposure only if it is wanted."""
        result = self.run(**butlerQC.get(inputRefs))
        butlerQC.put(result.binned, outputRefs.binned)
        butlerQC.put(result.stats, outputRefs.stats)
        wanted = self.config.writeIsrExp
        if wanted == "all" or (wanted == "failed" and not result.stats["SUCCESS"]):
            butlerQC.put(result.corrected, outputRefs.corrected)

    def run(self, raw: RawFrame, bias: CalibImage, dark: CalibImage | None = None) -> Struct:
        """Correct and measure.

        Parameters
        ----------
        raw : `RawFrame`
            The exposure.
        bias : `CalibImage`
            Combined bias.
        dark : `CalibImage` or `None`
            Combined dark, for a dark exposure.

        Returns
        -------
        result : `lsst.pipe.base.Struct`
            With corrected, binned and stats.
        """
        image = correct_frame(raw, bias, dark, self.config.isr.options())
        metrics = measure_exposure(
            image, self.config.cosmicray.options(), corner=self.config.cornerSize
        )
        stats = detector_stats(
            metrics,
            VerifyOptions(self.config.tolerance, self.config.noiseTestTwoSided),
            with_corner=self._WITH_CORNER,
        )
        return Struct(corrected=image, binned=bin_pixels(image.pixels, 8), stats=stats)


class VerifyDarkConnections(VerifyBiasConnections, dimensions=_DETECTOR):
    """A raw dark and the combined bias and dark in, a corrected image and statistics out."""

    dark = PrerequisiteInput(
        doc="Combined dark (electron/s).",
        name="dark",
        storageClass="LatissImage",
        dimensions=("instrument", "detector"),
        isCalibration=True,
    )

    def __init__(self, *, config: VerifyDarkConfig) -> None:
        super().__init__(config=config)


class VerifyDarkConfig(VerifyBiasConfig, pipelineConnections=VerifyDarkConnections):
    """How a dark is verified."""

    def setDefaults(self) -> None:
        """Name the outputs after darks."""
        super().setDefaults()
        self.connections.corrected = "verifyDarkIsrExp"
        self.connections.binned = "verifyDarkIsrExpBin8"
        self.connections.stats = "verifyDarkDetStats"


class VerifyDarkTask(VerifyBiasTask):
    """Correct and measure one dark exposure."""

    ConfigClass: ClassVar = VerifyDarkConfig
    _DefaultName: ClassVar[str] = "verifyDark"
    _WITH_CORNER: ClassVar[bool] = False


class VerifyRunConnections(
    PipelineTaskConnections, dimensions=("instrument",), defaultTemplates={"kind": "Bias"}
):
    """Detectors of all exposures in, exposures and run out."""

    details = Input(
        doc="Measurements and verdicts of each amplifier.",
        name="verify{kind}DetStats",
        storageClass="StructuredDataDict",
        dimensions=_DETECTOR,
        multiple=True,
        deferLoad=True,
    )
    exposures = Output(
        doc="Verdicts of each exposure.",
        name="verify{kind}ExpStats",
        storageClass="StructuredDataDict",
        dimensions=_EXPOSURE,
        multiple=True,
    )
    stats = Output(
        doc="Verdict of each exposure.",
        name="verify{kind}Stats",
        storageClass="StructuredDataDict",
        dimensions=("instrument",),
    )
    results = Output(
        doc="Table of all measurements: a row for each amplifier of each exposure.",
        name="verify{kind}Results",
        storageClass="AstropyTable",
        dimensions=("instrument",),
    )


class VerifyRunConfig(PipelineTaskConfig, pipelineConnections=VerifyRunConnections):
    """There is nothing to choose but the template ``kind``."""


class VerifyRunTask(PipelineTask):
    """Merge detectors to exposures, and exposures to the run.

    One quantum does both: each further one costs a tenth of a second, the merging nothing.
    """

    ConfigClass: ClassVar = VerifyRunConfig
    _DefaultName: ClassVar[str] = "verifyRun"

    def runQuantum(
        self,
        butlerQC: QuantumContext,
        inputRefs: InputQuantizedConnection,
        outputRefs: OutputQuantizedConnection,
    ) -> None:
        """Bring outputs into the order of the references, which the graph chooses."""
        handles = butlerQC.get(inputRefs)["details"]
        result = self.run({int(handle.dataId["exposure"]): handle.get() for handle in handles})
        result.exposures = [
            result.exposures[int(r.dataId["exposure"])] for r in outputRefs.exposures
        ]
        butlerQC.put(result, outputRefs)

    def run(self, details: Mapping[int, Stats]) -> Struct:
        """Merge.

        Parameters
        ----------
        details : mapping of `int` to `dict`
            Exposure ids, and the statistics of the one detector that LATISS has.

        Returns
        -------
        result : `lsst.pipe.base.Struct`
            With exposures (by id), stats and results.
        """
        from astropy.table import Table

        exposures = {
            exposure: exposure_stats({DETECTOR_NAME: stats}) for exposure, stats in details.items()
        }
        stats = run_stats(exposures)
        rows = [
            row
            for exposure, detail in sorted(details.items())
            for row in results_rows(exposure, DETECTOR_NAME, detail)
        ]
        self.log.info("Verified %d exposures: success is %s.", len(exposures), stats["SUCCESS"])
        return Struct(exposures=exposures, stats=stats, results=Table(rows=rows))
