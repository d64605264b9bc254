# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold frames against what is in use, and say so when three in a row differ in the same way."""

__all__ = ["InUseWatch"]

import logging

from ..calibration import (
    FrameRule,
    InUse,
    Judgement,
    OnDifference,
    common_trouble,
    count_rule_comparisons,
    differs_from_what_is_in_use,
)
from ..model import (
    CalibrationFacts,
    ComparisonError,
    FrameTrouble,
    FrameVerdict,
    ImageMeasurement,
    ImageName,
    ImageType,
)
from .context import RunContext


class InUseWatch:
    """Holds one frame after the other against the bias and the dark in use.

    Parameters
    ----------
    context : `RunContext`
        The run.
    rule : `FrameRule`
        What the rule for frames knows of the run.
    """

    def __init__(self, context: RunContext, rule: FrameRule) -> None:
        self._context = context
        self._rule = rule
        self._was_read = False
        self._in_use: InUse | None = None
        self._held: dict[ImageName, Judgement] = {}
        self._told: set[ImageType] = set()

    @property
    def may_end(self) -> bool:
        """Would a calibration of frames that differ be refused (`bool`)?"""
        config = self._context.config
        return config.generate and config.on_difference is OnDifference.REFUSE

    async def hold(self, measurement: ImageMeasurement) -> FrameTrouble | None:
        """Hold a good frame against what is in use.

        Returns
        -------
        trouble : `FrameTrouble` or `None`
            In what the last three frames of the type differ alike, told once for each type.
        """
        name = measurement.name
        image_type = self._context.state.planned[name].image_type
        in_use = await self._read(name)
        if in_use is None or image_type in self._told:
            return None
        masked = dict(self._context.state.masked(image_type))
        comparisons = count_rule_comparisons(self._rule, measurement)
        found = differs_from_what_is_in_use(image_type, measurement, in_use, comparisons, masked)
        verdict = FrameVerdict.GOOD if found is None else FrameVerdict.BAD
        self._held[name] = Judgement(verdict, () if found is None else (found,))
        trouble = common_trouble(self._last(image_type))
        if trouble is None:
            return None
        self._told.add(image_type)
        if not self.may_end:
            text = f"{image_type}: three frames in a row differ in the same way: {trouble.text}."
            await self._context.tell(text, logging.WARNING)
        return trouble

    def _last(self, image_type: ImageType) -> list[Judgement]:
        planned = self._context.state.planned
        return [
            self._held[name]
            for name in sorted(self._held)
            if planned[name].image_type is image_type
        ]

    async def _read(self, name: ImageName) -> InUse | None:
        """Read the calibrations in use once; `None` if there are none, or nobody can read them."""
        if not self._was_read:
            self._was_read = True
            try:
                bias = await self._read_one(name, ImageType.BIAS)
                if bias is not None:
                    self._in_use = InUse(bias, await self._read_one(name, ImageType.DARK))
            except ComparisonError as error:
                text = f"Frames are not held against what is in use: {error}"
                await self._context.tell(text, logging.INFO)
        return self._in_use

    async def _read_one(self, name: ImageName, image_type: ImageType) -> CalibrationFacts | None:
        context = self._context
        config = context.config
        if image_type is ImageType.DARK and image_type not in config.image_types:
            return None
        wanted = config.calibration(context.state.planned[name].image_type)
        return await context.ports.repository.read_calibration(
            [config.calib_collection, *(part.strip() for part in wanted.verify_inputs.split(","))],
            image_type.dataset_type,
            config.validity(name.day_obs, name.day_obs).begin,
            context.timeouts.repository,
        )
