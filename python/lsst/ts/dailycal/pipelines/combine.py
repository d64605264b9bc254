# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Combination of raw frames into one calibration, in strips of rows.

Before that, frames that do not belong to the others are left out: by their headers, and by a
first look at their levels. From the levels of darks follows how much of their signal does not
grow with time; that is no dark current, and is not divided by the dark time.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from ..model.combination import LeftOut
from ..model.dark_fit import DarkFit
from .clip import ClipOptions
from .frame_stack import FrameStack, HotPixelOptions, HowToCombine
from .image import CalibImage
from .inputs import InputFacts, select_inputs
from .isr import IsrOptions, check_shape
from .lines import sure_intercept
from .provenance import CombinationInput, Provenance, versions
from .survey import AmplifierSurvey, SurveyOptions, find_deviating

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from .raw.frame import RawFrame


def combine_bias(
    frames: Sequence[RawFrame],
    isr: IsrOptions | None = None,
    clip: ClipOptions | None = None,
    survey: SurveyOptions | None = None,
    *,
    masked: Collection[str] = (),
) -> CalibImage:
    """Make a combined bias.

    Parameters
    ----------
    frames : sequence of `RawFrame`
        Bias exposures.
    isr, clip, survey : `IsrOptions`, `ClipOptions`, `SurveyOptions` or `None`
        How.
    masked : collection of `str`
        Amplifiers whose pixels are marked BAD.

    Returns
    -------
    bias : `CalibImage`
        In electrons.

    Raises
    ------
    InputError
        If there is no frame, or if they do not belong together.
    ValueError
        If they differ in size.
    """
    how = HowToCombine(
        None,
        isr or IsrOptions(),
        clip or ClipOptions(),
        survey or SurveyOptions(),
        HotPixelOptions(),
        frozenset(masked),
    )
    return _combine(frames, "BIAS", how, ())


def combine_dark(
    frames: Sequence[RawFrame],
    bias: CalibImage | None,
    hits: Sequence[NDArray[np.intp]] = (),
    isr: IsrOptions | None = None,
    clip: ClipOptions | None = None,
    *,
    survey: SurveyOptions | None = None,
    hot: HotPixelOptions | None = None,
    masked: Collection[str] = (),
) -> CalibImage:
    """Make a combined dark.

    Parameters
    ----------
    frames : sequence of `RawFrame`
        Dark exposures.
    bias : `CalibImage` or `None`
        Combined bias to subtract.
    hits : sequence of `numpy.ndarray`
        For each frame the flat indices, in the assembled image, of pixels to leave out
        because a cosmic ray hit them. Empty for none.
    isr, clip, survey, hot : options or `None`
        How.
    masked : collection of `str`
        Amplifiers whose pixels are marked BAD, beside those that are so in the bias.

    Returns
    -------
    dark : `CalibImage`
        In electron/s; its provenance has the line of each amplifier.

    Raises
    ------
    InputError
        If there is no frame, or if they do not belong together.
    ValueError
        If they differ in size, or a dark time is not positive.
    """
    for frame in frames:
        if not frame.dark_time > 0:
            raise ValueError(f"dark exposure {frame.exposure} has no dark time")
    of_bias = bias.provenance.masked if bias is not None and bias.provenance is not None else ()
    how = HowToCombine(
        bias,
        isr or IsrOptions(),
        clip or ClipOptions(),
        survey or SurveyOptions(),
        hot or HotPixelOptions(),
        frozenset((*masked, *of_bias)),
    )
    return _combine(frames, "DARK", how, hits)


def _combine(
    frames: Sequence[RawFrame], kind: str, how: HowToCombine, hits: Sequence[NDArray[np.intp]]
) -> CalibImage:
    selection = select_inputs([InputFacts.of_frame(frame) for frame in frames], kind)
    _check_shapes(frames, how.bias)
    cosmics = _without_hot_pixels(hits, how.hot) if hits else hits
    stack = FrameStack(frames, kind, how, cosmics).only(selection.kept)
    surveys = stack.survey()
    # Also of frames that are left out: a whole exposure time may be off the line.
    lines = stack.lines(surveys) if kind == "DARK" else ()
    sound = [survey for survey in surveys if survey.name not in how.masked]
    stack, left_out, notes = _without_deviating(stack, sound, how.survey)
    of_kept = lines
    if lines and left_out:
        kept = [number for number in range(len(selection.kept)) if number not in left_out]
        of_kept = stack.lines([survey.only(kept) for survey in surveys])
    offsets = [sure_intercept(line) for line in of_kept] or [0.0] * len(surveys)
    image = stack.combine([survey.noise for survey in surveys], offsets)
    provenance = Provenance(
        tuple(_input(frame, kind) for frame in stack.frames),
        selection.left_out + tuple(left_out.values()),
        _rule(kind, how),
        notes,
        selection.setup,
        (),
        DarkFit({s.name: line for s, line in zip(surveys, lines, strict=True)}) if lines else None,
        versions(),
        tuple(sorted(how.masked)),
    )
    return dataclasses.replace(image, provenance=provenance)


def _input(frame: RawFrame, kind: str) -> CombinationInput:
    scale = frame.dark_time if kind == "DARK" else 1.0
    return CombinationInput(
        frame.exposure, InputFacts.of_frame(frame).date, frame.exposure_time, scale
    )


def _check_shapes(frames: Sequence[RawFrame], bias: CalibImage | None) -> None:
    shape = frames[0].shape
    for frame in frames:
        check_shape(frame, bias)
        if frame.shape != shape:
            raise ValueError(
                f"exposure {frame.exposure} has {frame.shape} pixels, "
                f"exposure {frames[0].exposure} has {shape}"
            )


def _rule(kind: str, how: HowToCombine) -> str:
    mean = "mean" if kind == "BIAS" else "weighted rate"
    return (
        f"{mean} of values within {how.clip.n_sigma:g} noises of the median, "
        f"{how.clip.iterations} rounds; frames within {how.survey.level_limit:g} read noises"
    )


def _without_hot_pixels(
    hits: Sequence[NDArray[np.intp]], options: HotPixelOptions
) -> list[NDArray[np.intp]]:
    """Drop pixels that are among the hits of many frames."""
    flat, counts = np.unique(np.concatenate([np.unique(one) for one in hits]), return_counts=True)
    hot = flat[counts >= max(2, math.ceil(options.hit_fraction * len(hits)))]
    return [np.setdiff1d(one, hot) for one in hits]


def _without_deviating(
    stack: FrameStack, surveys: Sequence[AmplifierSurvey], options: SurveyOptions
) -> tuple[FrameStack, dict[int, LeftOut], tuple[str, ...]]:
    """Leave frames out that do not fit, if more than half are left."""
    reasons = find_deviating(surveys, stack.times, options) if surveys else {}
    count = len(stack.frames)
    named = {n: LeftOut(stack.frames[n].exposure, reason) for n, reason in reasons.items()}
    if not named:
        return stack, {}, ()
    if 2 * (count - len(named)) <= count:
        ids = ", ".join(str(left.exposure) for left in named.values())
        return stack, {}, (f"{len(named)} of {count} frames differ, none is left out: {ids}",)
    return stack.only([n for n in range(count) if n not in named]), named, ()
