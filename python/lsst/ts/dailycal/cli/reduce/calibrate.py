# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""From raw files to a combined calibration, its verification and the decision."""

__all__ = ["Given", "Reduced", "Rule", "reduce_type"]

import dataclasses
import functools
import typing
from collections.abc import Callable, Mapping, Sequence

from ...calibration import EvidenceCriteria, Reference, decide_on_evidence
from ...calibration.accept import decide
from ...calibration.run_config import AcceptRule
from ...model import Decision, ImageType, LeftOut, RunStatistics
from ...model.detector import DETECTOR_NAME
from ...pipelines.combine import combine_bias, combine_dark
from ...pipelines.dark_hits import CosmicRayError, find_hits
from ...pipelines.image import CalibImage
from ...pipelines.isr import correct_frame
from ...pipelines.metrics import measure_exposure
from ...pipelines.provenance import Provenance
from ...pipelines.raw.error import RawFrameError
from ...pipelines.raw.frame import RawFrame
from ...pipelines.threads import as_they_come
from ...pipelines.verify import RunStats, merge_run, results_rows
from ...pipelines.verify_exposure import Stats, VerifyOptions, detector_stats
from .files import LeftOutFile, RawFile, problem_of

if typing.TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """The accept rule."""

    failure_limit: int = 8
    """An exposure is bad when one test fails on this many amplifiers."""
    rule: AcceptRule = AcceptRule.EVIDENCE
    """How it is decided."""


@dataclasses.dataclass(frozen=True, slots=True)
class Given:
    """A calibration that frames are corrected with."""

    image: CalibImage
    """The calibration."""
    name: str
    """What it is called in the report: its path, or its name among the products."""
    identifier: str
    """What it is called in the header of a dark that was made with it; ASCII without blanks."""


@dataclasses.dataclass(frozen=True, slots=True)
class Reduced:
    """What came of the frames of one image type."""

    image_type: ImageType
    """Which type."""
    combined: CalibImage
    """The combined calibration."""
    statistics: RunStats
    """Content of verifyBiasStats or verifyDarkStats."""
    rows: tuple[Stats, ...]
    """Measurements, one row for each amplifier of each exposure."""
    decision: Decision
    """May the combined calibration be used?"""
    verified_with: Mapping[str, str]
    """What was subtracted for the verification: dataset types and names of the calibrations."""
    notes: tuple[str, ...]
    """What whoever uses it should know."""


def reduce_type(
    image_type: ImageType,
    files: Sequence[RawFile],
    rule: Rule,
    *,
    bias: Given | None = None,
    dark: Given | None = None,
) -> tuple[Reduced | None, tuple[LeftOutFile, ...]]:
    """Combine and verify the frames of one image type.

    Parameters
    ----------
    image_type : `ImageType`
        Which type.
    files : sequence of `RawFile`
        Frames of one set-up.
    rule : `Rule`
        The accept rule.
    bias : `Given`, optional
        To be subtracted; biases are verified with the one made of themselves by default.
    dark : `Given`, optional
        To be subtracted when darks are verified; by default the one made of themselves.

    Returns
    -------
    reduced : `Reduced` or `None`
        `None` if no frame can be used.
    left_out : `tuple` [`LeftOutFile`]
        Files that have no part in the combination, also if there is none.
    """
    left_out: list[LeftOutFile] = []
    if image_type is ImageType.BIAS:
        combined, files, damaged = _without_damaged(files, combine_bias)
    elif bias is None:
        reason = "there is no bias to subtract from it; give one with --bias"
        return None, tuple(_left_out(file, reason) for file in files)
    else:
        hits, left_out = _find_hits(files, bias.image)
        combined, files, damaged = _without_damaged(
            [file for file in files if file.frame.exposure in hits],
            functools.partial(_combine_darks, bias=bias, hits=hits),
        )
    left_out += damaged
    if combined is None:
        return None, tuple(left_out)
    own = Given(combined, f"{combined.kind}.fits", "")
    used = (bias or own, dark or own if image_type is ImageType.DARK else None)
    if combined.provenance is not None:
        by_exposure = {file.frame.exposure: file for file in files}
        left_out += (
            _left_out(by_exposure[left.exposure], left.reason, verified=True)
            for left in combined.provenance.left_out
        )
    return _judge(image_type, files, combined, rule, used), tuple(left_out)


def _decide(
    image_type: ImageType,
    statistics: RunStatistics,
    rule: Rule,
    calibrations: tuple[Given, Given | None],
    left_out: tuple[LeftOut, ...],
) -> Decision:
    if rule.rule is not AcceptRule.EVIDENCE:
        return decide(image_type, statistics, failure_limit=rule.failure_limit, rule=rule.rule)
    bias, dark = calibrations
    # Own products have no identifier; the noise of another one is that of its own frames.
    reference = dark if dark is not None else bias
    is_own = not reference.identifier
    count = len(statistics.exposures)
    criteria = EvidenceCriteria(
        failure_limit=rule.failure_limit,
        fewest=count - count // 3,
        reference=Reference(len(reference.image.inputs) or None, is_own),
        left_out=left_out if is_own else (),
        bias_exposures=len(bias.image.inputs) or None if dark is not None else None,
    )
    return decide_on_evidence(image_type, statistics, criteria)


def _judge(
    image_type: ImageType,
    files: Sequence[RawFile],
    combined: CalibImage,
    rule: Rule,
    calibrations: tuple[Given, Given | None],
) -> Reduced:
    bias, dark = calibrations
    details = _verify(image_type, files, bias.image, dark.image if dark is not None else None)
    statistics = merge_run(details)[1]
    provenance = combined.provenance or Provenance(())
    return Reduced(
        image_type,
        combined,
        statistics,
        tuple(
            row
            for exposure, stats in sorted(details.items())
            for row in results_rows(exposure, DETECTOR_NAME, stats)
        ),
        _decide(
            image_type,
            RunStatistics.parse(statistics, details),
            rule,
            calibrations,
            provenance.left_out,
        ),
        {"bias": bias.name} | ({} if dark is None else {"dark": dark.name}),
        provenance.notes
        + tuple(
            note
            for given in (bias, dark)
            if given is not None
            for note in _foreign(given, provenance.setup)
        ),
    )


def _verify(
    image_type: ImageType, files: Sequence[RawFile], bias: CalibImage, dark: CalibImage | None
) -> dict[int, Stats]:
    """Measure and test all frames, those also that were not combined."""

    def measure(file: RawFile) -> tuple[int, Stats]:
        metrics = measure_exposure(correct_frame(file.frame, bias, dark))
        stats = detector_stats(metrics, VerifyOptions(), with_corner=image_type is ImageType.BIAS)
        return file.frame.exposure, stats

    return dict(as_they_come(measure, files, len(files) * bias.pixels.size))


def _combine_darks(
    frames: Sequence[RawFrame], bias: Given, hits: Mapping[int, "NDArray[np.intp]"]
) -> CalibImage:
    """Combine darks, and write down with which bias."""
    dark = combine_dark(frames, bias.image, [hits[frame.exposure] for frame in frames])
    provenance = dataclasses.replace(
        dark.provenance or Provenance(()), calibrations=(("bias", bias.identifier),)
    )
    return dataclasses.replace(dark, provenance=provenance)


def _find_hits(
    files: Sequence[RawFile], bias: CalibImage
) -> tuple[dict[int, "NDArray[np.intp]"], list[LeftOutFile]]:
    """Find cosmic rays in each dark; one in which they cannot be found is left out."""

    def find(file: RawFile) -> "NDArray[np.intp] | LeftOutFile":
        try:
            return find_hits([file.frame], bias)[0]
        except RawFrameError as error:
            return _left_out(file, problem_of(error))
        except CosmicRayError as error:
            return _left_out(file, str(error))

    hits: dict[int, NDArray[np.intp]] = {}
    left_out: list[LeftOutFile] = []
    for file, found in zip(
        files, as_they_come(find, files, len(files) * bias.pixels.size), strict=True
    ):
        if isinstance(found, LeftOutFile):
            left_out.append(found)
        else:
            hits[file.frame.exposure] = found
    return hits, left_out


def _without_damaged(
    files: Sequence[RawFile], combine: Callable[[Sequence[RawFrame]], CalibImage]
) -> tuple[CalibImage | None, list[RawFile], list[LeftOutFile]]:
    """Combine files; leave out those of which only the pixels turn out to be unreadable."""
    kept = list(files)
    left_out: list[LeftOutFile] = []
    while kept:
        try:
            return combine([file.frame for file in kept]), kept, left_out
        except RawFrameError as error:
            before = kept
            kept = [file for file in before if str(file.path) != error.path]
            if len(kept) == len(before):
                raise
            left_out += [
                _left_out(file, problem_of(error))
                for file in before
                if str(file.path) == error.path
            ]
    return None, [], left_out


def _left_out(file: RawFile, reason: str, *, verified: bool = False) -> LeftOutFile:
    return LeftOutFile(file.path, reason, file.frame.exposure, verified)


def _foreign(given: Given, setup: Sequence[tuple[str, str]]) -> list[str]:
    """Say in what a calibration that was given differs from the frames."""
    made_of = given.image.provenance.setup if given.image.provenance is not None else ()
    frames = dict(setup)
    return [
        f"the {given.image.kind} {given.name} was made with {key} {value!r}, "
        f"the frames with {frames[key]!r}"
        for key, value in made_of
        if key in frames and frames[key] != value
    ]
