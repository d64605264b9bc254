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

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from lsst.pex.config import Field
from lsst.pipe.base import PipelineTask, PipelineTaskConfig, PipelineTaskConnections, Struct
from lsst.pipe.base.connectionTypes import Input, Output, PrerequisiteInput

from .combine import combine_bias, combine_dark
from .cosmics import find_cosmic_rays
from .isr import correct_frame
from .isr_config import ClipConfig, CosmicRayConfig, IsrConfig, nested
from .repair import grow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lsst.daf.butler import DataCoordinate, DatasetRef, DatasetType, Registry
    from lsst.pipe.base import InputQuantizedConnection, OutputQuantizedConnection, QuantumContext
    from numpy.typing import NDArray

    from .image import CalibImage
    from .raw import RawFrame

_DETECTOR = ("instrument", "detector")
_EXPOSURE = ("instrument", "exposure", "detector")


class CpBiasConnections(PipelineTaskConnections, dimensions=_DETECTOR):
    """Raw biases in, a combined bias out."""

    raws = Input(
        doc="Bias exposures.",
        name="raw",
        storageClass="LatissRaw",
        dimensions=_EXPOSURE,
        multiple=True,
    )
    combined = Output(
        doc="Combined bias (electron).",
        name="bias",
        storageClass="LatissImage",
        dimensions=_DETECTOR,
        isCalibration=True,
    )


class CpBiasConfig(PipelineTaskConfig, pipelineConnections=CpBiasConnections):
    """How a bias is made."""

    isr = nested(IsrConfig, "Instrument signature removal.")
    clip = nested(ClipConfig, "Clipping.")


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
        frames = in_order(raws)
        bias = combine_bias(frames, self.config.isr.options(), self.config.clip.options())
        self.log.info("Combined %d bias exposures.", len(frames))
        return Struct(combined=bias)


class CpDarkFlagConnections(PipelineTaskConnections, dimensions=_EXPOSURE):
    """A raw dark and the bias that is valid for it in, its cosmic rays out."""

    raw = Input(doc="Dark exposure.", name="raw", storageClass="LatissRaw", dimensions=_EXPOSURE)
    bias = PrerequisiteInput(
        doc="Combined bias (electron).",
        name="bias",
        storageClass="LatissImage",
        dimensions=_DETECTOR,
        isCalibration=True,
    )
    hits = Output(
        doc="Pixels that cosmic rays have hit, and the bias that was subtracted to find them.",
        name="cpDarkHits",
        storageClass="StructuredDataDict",
        dimensions=_EXPOSURE,
    )


class CpDarkFlagConfig(PipelineTaskConfig, pipelineConnections=CpDarkFlagConnections):
    """How cosmic rays are found."""

    isr = nested(IsrConfig, "Instrument signature removal.")
    cosmicray = nested(CosmicRayConfig, "Cosmic ray finder.")
    crGrow = Field[int](doc="Radius that is added to cosmic rays (pixel).", default=2)

    def setDefaults(self) -> None:
        """Do without a dataset for the log of each exposure: it says nothing."""
        super().setDefaults()
        self.saveLogOutput = False


class CpDarkFlagTask(PipelineTask):
    """Find the pixels of a dark exposure that are not to be combined.

    It is also what decides which bias is valid: a task whose quantum has no exposure, as the
    combination, cannot look a calibration up by time.
    """

    ConfigClass: ClassVar = CpDarkFlagConfig
    _DefaultName: ClassVar[str] = "cpDarkFlag"

    def runQuantum(
        self,
        butlerQC: QuantumContext,
        inputRefs: InputQuantizedConnection,
        outputRefs: OutputQuantizedConnection,
    ) -> None:
        """Add the id of the bias to the result."""
        result = self.run(**butlerQC.get(inputRefs))
        content = {"bias": str(inputRefs.bias.id), "pixels": result.flat.tolist()}
        butlerQC.put(content, outputRefs.hits)

    def run(self, raw: RawFrame, bias: CalibImage) -> Struct:
        """Find cosmic rays.

        Parameters
        ----------
        raw : `RawFrame`
            The exposure.
        bias : `CalibImage`
            Combined bias.

        Returns
        -------
        result : `lsst.pipe.base.Struct`
            With flat, the flat indices in the assembled image.

        Raises
        ------
        RuntimeError
            If there are more cosmic ray pixels than there can be.
        """
        image = correct_frame(raw, bias, None, self.config.isr.options())
        cosmics = self.config.cosmicray.options()
        rays = find_cosmic_rays(image, cosmics)
        if rays.too_many:
            raise RuntimeError(
                f"dark exposure {raw.exposure} has more than {cosmics.most_pixels} pixels that "
                "look like cosmic rays; look at the image, and leave it out if it is damaged"
            )
        return Struct(flat=grow(rays.flat, image.shape, self.config.crGrow))


def _all_biases(
    dataset_type: DatasetType,
    registry: Registry,
    data_id: DataCoordinate,
    collections: Sequence[str],
) -> Iterable[DatasetRef]:
    """Find every bias there is; which of them is used is known from the exposures."""
    found = registry.queryDatasets(
        dataset_type, collections=collections, dataId=data_id, findFirst=False
    )
    return {ref.id: ref for ref in found}.values()


class CpDarkConnections(PipelineTaskConnections, dimensions=_DETECTOR):
    """Raw darks, their cosmic rays and a bias in, a combined dark out."""

    raws = Input(
        doc="Dark exposures.",
        name="raw",
        storageClass="LatissRaw",
        dimensions=_EXPOSURE,
        multiple=True,
    )
    hits = Input(
        doc="Pixels that cosmic rays have hit, and the bias that was subtracted to find them.",
        name="cpDarkHits",
        storageClass="StructuredDataDict",
        dimensions=_EXPOSURE,
        multiple=True,
        deferLoad=True,
    )
    biases = PrerequisiteInput(
        doc="All combined biases; one is read.",
        name="bias",
        storageClass="LatissImage",
        dimensions=_DETECTOR,
        isCalibration=True,
        multiple=True,
        deferLoad=True,
        lookupFunction=_all_biases,
    )
    combined = Output(
        doc="Combined dark (electron/s).",
        name="dark",
        storageClass="LatissImage",
        dimensions=_DETECTOR,
        isCalibration=True,
    )


class CpDarkConfig(PipelineTaskConfig, pipelineConnections=CpDarkConnections):
    """How a dark is made."""

    isr = nested(IsrConfig, "Instrument signature removal.")
    clip = nested(ClipConfig, "Clipping.")


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
        """Read the bias that the cosmic rays were found with."""
        hits = {
            int(handle.dataId["exposure"]): handle.get() for handle in butlerQC.get(inputRefs.hits)
        }
        (name, *others) = sorted({content["bias"] for content in hits.values()})
        if others:
            raise RuntimeError(
                f"the dark exposures {sorted(hits)} need {len(others) + 1} different biases; "
                "combine those of one validity range at a time"
            )
        (bias,) = (ref for ref in inputRefs.biases if str(ref.id) == name)
        result = self.run(
            butlerQC.get(inputRefs.raws),
            {exposure: np.array(content["pixels"], np.intp) for exposure, content in hits.items()},
            butlerQC.get(bias).get(),
        )
        butlerQC.put(result, outputRefs)

    def run(
        self, raws: Sequence[RawFrame], hits: Mapping[int, NDArray[np.intp]], bias: CalibImage
    ) -> Struct:
        """Combine dark exposures.

        Parameters
        ----------
        raws : sequence of `RawFrame`
            The exposures.
        hits : mapping of `int` to `numpy.ndarray`
            Flat indices of the pixels to leave out, by exposure id.
        bias : `CalibImage`
            Combined bias.

        Returns
        -------
        result : `lsst.pipe.base.Struct`
            With combined, a `CalibImage`.
        """
        frames = in_order(raws)
        dark = combine_dark(
            frames,
            bias,
            [hits[frame.exposure] for frame in frames],
            self.config.isr.options(),
            self.config.clip.options(),
        )
        self.log.info(
            "Combined %d dark exposures; %d pixels left out for cosmic rays.",
            len(frames),
            sum(len(flat) for flat in hits.values()),
        )
        return Struct(combined=dark)


def in_order(frames: Sequence[RawFrame]) -> list[RawFrame]:
    """Sort frames by exposure, so that results do not depend on the order of the graph."""
    return sorted(frames, key=lambda frame: frame.exposure)
