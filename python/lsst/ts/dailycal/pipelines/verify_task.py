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
from lsst.pipe.base.connectionTypes import Input, Output

from ..model.detector import DETECTOR_NAME
from .image import bin_pixels
from .isr import correct_frame
from .isr_config import CosmicRayConfig, IsrConfig, nested
from .metrics import measure_exposure
from .processes import in_processes
from .valid_calibs import (
    DETECTOR,
    EXPOSURE,
    ExposuresConnections,
    calibration,
    read_calibration,
)
from .verify import merge_run, results_rows
from .verify_exposure import VerifyOptions, detector_stats

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lsst.daf.butler import DatasetRef
    from lsst.pipe.base import InputQuantizedConnection, OutputQuantizedConnection, QuantumContext

    from .image import CalibImage
    from .raw.frame import RawFrame
    from .verify_exposure import Stats


class VerifyBiasConnections(
    ExposuresConnections, dimensions=DETECTOR, defaultTemplates={"kind": "Bias"}
):
    """Raw frames and calibrations in, corrected images and statistics of each exposure out."""

    biases = calibration("bias", "Combined bias (electron).")
    corrected = Output(
        doc="Corrected exposure (electron).",
        name="verify{kind}IsrExp",
        storageClass="LatissImage",
        dimensions=EXPOSURE,
        multiple=True,
    )
    binned = Output(
        doc="Corrected exposure, averaged over 8 by 8 pixels (electron).",
        name="verify{kind}IsrExpBin8",
        storageClass="LatissBinned",
        dimensions=EXPOSURE,
        multiple=True,
    )
    stats = Output(
        doc="Measurements and verdicts of each amplifier.",
        name="verify{kind}DetStats",
        storageClass="StructuredDataDict",
        dimensions=EXPOSURE,
        multiple=True,
    )

    _CALIBRATIONS: ClassVar[tuple[str, ...]] = ("biases",)

    def __init__(self, *, config: VerifyBiasConfig) -> None:
        super().__init__(config=config)
        if config.writeIsrExp == "none":
            del self.corrected
        if not config.writeBinned:
            del self.binned


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

    writeBinned = Field[bool](
        doc="Whether to write corrected exposures averaged over 8 by 8 pixels. Each costs the job "
        "half a tenth of a second, and nothing here reads them.",
        default=False,
    )

    def setDefaults(self) -> None:
        """Do without a dataset for the log of each exposure: it says nothing."""
        super().setDefaults()
        self.saveLogOutput = False


class VerifyBiasTask(PipelineTask):
    """Correct and measure bias exposures, all in one quantum."""

    ConfigClass: ClassVar = VerifyBiasConfig
    _DefaultName: ClassVar[str] = "verifyBias"
    _WITH_CORNER: ClassVar[bool] = True

    def runQuantum(
        self,
        butlerQC: QuantumContext,
        inputRefs: InputQuantizedConnection,
        outputRefs: OutputQuantizedConnection,
    ) -> None:
        """Write what was measured of each exposure while others are being measured."""
        bias = read_calibration(butlerQC, inputRefs, "biases")
        dark = read_calibration(butlerQC, inputRefs, "darks") if self._has_dark() else None
        raws = (butlerQC.get(reference) for reference in inputRefs.raws)
        stats = _by_exposure(outputRefs.stats)
        binned = _by_exposure(getattr(outputRefs, "binned", ()))
        corrected = _by_exposure(getattr(outputRefs, "corrected", ()))
        for result in self.verify(raws, bias, dark):
            butlerQC.put(result.stats, stats[result.exposure])
            if result.binned is not None:
                butlerQC.put(result.binned, binned[result.exposure])
            if result.corrected is not None:
                butlerQC.put(result.corrected, corrected[result.exposure])

    def _has_dark(self) -> bool:
        return False

    def verify(
        self, raws: Iterable[RawFrame], bias: CalibImage, dark: CalibImage | None = None
    ) -> Iterator[Struct]:
        """Correct and measure exposures, several at a time.

        Parameters
        ----------
        raws : iterable of `RawFrame`
            The exposures; the next is opened while others are being measured.
        bias, dark : `CalibImage` or `None`
            Combined calibrations; the dark for dark exposures.

        Yields
        ------
        result : `lsst.pipe.base.Struct`
            As `run`, in the order of the exposures.
        """
        yield from in_processes(lambda raw: self.run(raw, bias, dark), raws, bias.pixels.size)

    def run(self, raw: RawFrame, bias: CalibImage, dark: CalibImage | None = None) -> Struct:
        """Correct and measure one exposure.

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
            With exposure (its id), stats, and corrected and binned: None if not to be written.
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
        wanted = self.config.writeIsrExp
        keep = wanted == "all" or (wanted == "failed" and not stats["SUCCESS"])
        return Struct(
            exposure=raw.exposure,
            corrected=image if keep else None,
            binned=bin_pixels(image.pixels, 8) if self.config.writeBinned else None,
            stats=stats,
        )


def _by_exposure(references: Iterable[DatasetRef]) -> dict[int, DatasetRef]:
    return {int(reference.dataId["exposure"]): reference for reference in references}


class VerifyDarkConnections(
    VerifyBiasConnections, dimensions=DETECTOR, defaultTemplates={"kind": "Dark"}
):
    """The same for darks, from which a combined dark is subtracted too."""

    darks = calibration("dark", "Combined dark (electron/s).")
    _CALIBRATIONS: ClassVar[tuple[str, ...]] = ("biases", "darks")

    def __init__(self, *, config: VerifyDarkConfig) -> None:
        super().__init__(config=config)


class VerifyDarkConfig(VerifyBiasConfig, pipelineConnections=VerifyDarkConnections):
    """How a dark is verified."""


class VerifyDarkTask(VerifyBiasTask):
    """Correct and measure dark exposures."""

    ConfigClass: ClassVar = VerifyDarkConfig
    _DefaultName: ClassVar[str] = "verifyDark"
    _WITH_CORNER: ClassVar[bool] = False

    def _has_dark(self) -> bool:
        return True


class VerifyRunConnections(
    PipelineTaskConnections, dimensions=("instrument",), defaultTemplates={"kind": "Bias"}
):
    """Detectors of all exposures in, exposures and run out."""

    details = Input(
        doc="Measurements and verdicts of each amplifier.",
        name="verify{kind}DetStats",
        storageClass="StructuredDataDict",
        dimensions=EXPOSURE,
        multiple=True,
        deferLoad=True,
    )
    exposures = Output(
        doc="Verdicts of each exposure.",
        name="verify{kind}ExpStats",
        storageClass="StructuredDataDict",
        dimensions=("instrument", "exposure"),
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

        exposures, stats = merge_run(details)
        rows = [
            row
            for exposure, detail in sorted(details.items())
            for row in results_rows(exposure, DETECTOR_NAME, detail)
        ]
        self.log.info("Verified %d exposures: success is %s.", len(exposures), stats["SUCCESS"])
        return Struct(exposures=exposures, stats=stats, results=Table(rows=rows))
