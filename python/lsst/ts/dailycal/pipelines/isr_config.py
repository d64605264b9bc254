# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy does not follow the Data Management packages: their classes are Any to it.
# mypy: disable-error-code="misc, call-arg"
# Fields are named as people type them after pipetask's -c, in the style of the pipelines.
# ruff: noqa: N815
"""Configuration fields that several tasks share, and their translation to plain options."""

from __future__ import annotations

from lsst.pex.config import Config, ConfigField, Field

from .clip import ClipOptions
from .cosmics import CosmicRayOptions
from .frame_stack import HotPixelOptions
from .isr import IsrOptions
from .overscan import OverscanOptions
from .survey import SurveyOptions


class IsrConfig(Config):
    """How the instrument's signature is removed."""

    saturation = Field[float](doc="Raw values above this are saturated (ADU).", default=120000.0)
    overscanSkip = Field[int](
        doc="Overscan pixels left out at either end (pixel).", default=3, check=lambda x: x >= 0
    )
    parallelSmooth = Field[int](
        doc="Width of the running mean over the column levels (pixel); 1 for none.",
        default=25,
        check=lambda x: x >= 1,
    )

    def options(self) -> IsrOptions:
        """Give the plain options."""
        return IsrOptions(self.saturation, OverscanOptions(self.overscanSkip, self.parallelSmooth))


class ClipConfig(Config):
    """How outliers are left out of a combination."""

    nSigma = Field[float](doc="Clipping limit (noises of a value).", default=4.0)
    nIter = Field[int](doc="Most iterations.", default=3)

    def options(self) -> ClipOptions:
        """Give the plain options."""
        return ClipOptions(self.nSigma, self.nIter)


class SurveyConfig(Config):
    """When an exposure is left out of a combination."""

    levelLimit = Field[float](
        doc="Difference of an amplifier's level from the other exposures (read noises).",
        default=0.25,
    )
    blockLimit = Field[float](
        doc="The same for more than one block of an amplifier (read noises).", default=0.5
    )
    nSigma = Field[float](
        doc="Least difference (of the usual scatter among exposures).", default=6.0
    )
    leastExposures = Field[int](doc="With fewer, none is left out.", default=5)

    def options(self) -> SurveyOptions:
        """Give the plain options."""
        return SurveyOptions(self.levelLimit, self.blockLimit, self.nSigma, self.leastExposures)


class HotPixelConfig(Config):
    """What becomes of pixels with much dark current."""

    hitFraction = Field[float](
        doc="Part of the exposures in which a pixel that is hit is hot, and not hit.", default=0.2
    )
    badRate = Field[float](doc="A higher rate makes a pixel BAD (electron/s).", default=5.0)

    def options(self) -> HotPixelOptions:
        """Give the plain options."""
        return HotPixelOptions(self.hitFraction, self.badRate)


class CosmicRayConfig(Config):
    """Limits of the cosmic ray finder."""

    minSigma = Field[float](doc="Excess over the background (standard deviations).", default=6.0)
    min_DN = Field[float](doc="Least charge of a cosmic ray (electron).", default=150.0)
    cond3_fac = Field[float](doc="Doubt in the sharpness test (standard deviations).", default=2.5)
    cond3_fac2 = Field[float](doc="Part of a star's profile in the sharpness test.", default=0.6)
    niteration = Field[int](doc="Rounds of trying neighbours.", default=3)
    psfFwhm = Field[float](doc="Width of a star (pixel, full width at half maximum).", default=3.0)
    nCrPixelMax = Field[int](doc="Most cosmic ray pixels in an image.", default=10000)

    def options(self) -> CosmicRayOptions:
        """Give the plain options."""
        return CosmicRayOptions(
            self.minSigma,
            self.min_DN,
            self.cond3_fac,
            self.cond3_fac2,
            self.niteration,
            self.psfFwhm,
            self.nCrPixelMax,
        )


def nested(config: type[Config], doc: str) -> ConfigField:
    """Make a field that holds another configuration."""
    return ConfigField(doc=doc, dtype=config)
