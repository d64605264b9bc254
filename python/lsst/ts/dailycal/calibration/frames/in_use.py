# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold a frame against the bias and the dark in use.

A run's own frames cannot tell what is in all of them. What is certified can, as far as the frame
was read in the same way: another sequencer file makes another pattern.
"""

__all__ = ["InUse", "differs_from_what_is_in_use"]

import dataclasses
import math
from collections.abc import Collection, Mapping

from ...model import AmplifierFacts, CalibrationFacts, FrameTrouble, ImageMeasurement, ImageType
from ...model.detector import LATISS_AMPLIFIERS
from ...model.measurement import AmplifierMeasurement, TroubleKind
from ..column_shift import ColumnLevels, find_shift
from .flaws import is_dead, name_amplifiers, shift_trouble
from .limits import n_sigma

_GAINS = {item.name: item.gain for item in LATISS_AMPLIFIERS}
_TOLERANCE = 3.0
"""What a region may differ by (electron): the gate allows 2 in a bias of many frames."""
_RATE_TOLERANCE = 0.1
"""What the dark current may differ by (electron/s), as for the gate."""


@dataclasses.dataclass(frozen=True, slots=True)
class InUse:
    """The calibrations that frames are held against."""

    bias: CalibrationFacts
    """The bias."""
    dark: CalibrationFacts | None = None
    """The dark; without it darks are held against nothing."""

    def fits(self, frame: ImageMeasurement) -> bool:
        """Tell whether a frame can be compared: same sequencer as far as known, same regions."""
        setup = dict(self.bias.setup)
        known = [setup[key] for key in ("SEQFILE", "SEQCKSUM") if key in setup]
        same = not frame.sequencer or all(value in frame.sequencer.split() for value in known)
        regions = frame.grid[0] * frame.grid[1]
        return same and all(len(item.patches) == regions for item in self.bias.amplifiers)


def differs_from_what_is_in_use(
    image_type: ImageType,
    frame: ImageMeasurement,
    in_use: InUse,
    comparisons: int,
    masked: Collection[str] = (),
) -> FrameTrouble | None:
    """Tell in what a frame differs from what the calibrations in use foretell.

    Parameters
    ----------
    image_type : `ImageType`
        Type of the frame.
    frame : `ImageMeasurement`
        What was measured on it.
    in_use : `InUse`
        The calibrations.
    comparisons : `int`
        How many comparisons the run makes, from which the limits follow.
    masked : collection of `str`, optional
        Amplifiers that are not looked at.

    Returns
    -------
    trouble : `FrameTrouble` or `None`
        Brighter or darker regions, whichever is more, or else a shift of the columns; `None` if
        there are none, or nothing can be compared.
    """
    is_dark = image_type is ImageType.DARK
    if not in_use.fits(frame) or (is_dark and in_use.dark is None):
        return None
    time, sigmas = frame.dark_time if is_dark else 0.0, n_sigma(comparisons)
    biases = {item.name: item for item in in_use.bias.amplifiers}
    darks = {item.name: item for item in in_use.dark.amplifiers} if in_use.dark else {}
    skipped = {*masked, *in_use.bias.masked, *(in_use.dark.masked if in_use.dark else ())}
    found: dict[str, float] = {}
    for item in frame.amplifiers:
        if item.name in skipped or item.name not in biases or not item.parallel or is_dead(item):
            continue
        bias, dark = biases[item.name], darks.get(item.name)
        worst = _worst_region(item, bias, dark, time, sigmas)
        if worst is not None:
            found[item.name] = worst
    if not found:
        return _shifted(image_type, frame, biases, skipped, comparisons)
    worst = max(found.values(), key=abs)
    names = tuple(name for name, value in found.items() if value * worst > 0)
    kind = TroubleKind.LIGHT if worst > 0 else TroubleKind.LEVEL
    text = (
        f"{name_amplifiers(names)}: regions up to {abs(worst):.1f} electron "
        f"{'brighter' if worst > 0 else 'darker'} than with the {image_type.dataset_type} in use"
    )
    return FrameTrouble(kind, names, text)


def _shifted(
    image_type: ImageType,
    frame: ImageMeasurement,
    biases: Mapping[str, AmplifierFacts],
    skipped: Collection[str],
    comparisons: int,
) -> FrameTrouble | None:
    """Hold the columns against those of the bias, whose pattern darks have as well."""
    columns = [
        ColumnLevels(
            item.name,
            [level * _GAINS[item.name] for level in item.columns],
            biases[item.name].columns,
            item.column_error * _GAINS[item.name],
            biases[item.name].column_error,
        )
        for item in frame.amplifiers
        if item.name in biases and item.name not in skipped and not is_dead(item)
    ]
    shift = find_shift(columns, n_sigma(comparisons))
    return None if shift is None else shift_trouble(shift, "the bias in use")


def _worst_region(
    item: AmplifierMeasurement,
    bias: AmplifierFacts,
    dark: AmplifierFacts | None,
    time: float,
    sigmas: float,
) -> float | None:
    """Find the largest difference of a region from what is foretold, if one is beyond its limit.

    Returns
    -------
    difference : `float` or `None`
        Electron.
    """
    gain, columns = _GAINS[item.name], len(item.parallel)
    tolerance = _TOLERANCE + _RATE_TOLERANCE * time
    # The parallel overscan has about as many pixels as a region's sample.
    own_error = math.sqrt(2.0) * item.region_error * gain
    beyond = []
    for number, level in enumerate(item.regions):
        foretold, error = bias.patches[number], math.hypot(own_error, bias.patch_errors[number])
        if dark is not None:
            foretold += dark.patches[number] * time
            error = math.hypot(error, dark.patch_errors[number] * time)
        difference = (level - item.parallel[number % columns]) * gain - foretold
        if abs(difference) > tolerance + sigmas * error:
            beyond.append(difference)
    return max(beyond, key=abs, default=None)
