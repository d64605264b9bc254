# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a pipeline job computes: the numerics of the embedded pipelines, on frames in memory."""

__all__ = [
    "Job",
    "JobFailureError",
    "combine_darks",
    "describe_pipeline",
    "open_raw_image",
    "run_job",
]

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import PurePosixPath

from ...model import ImageType, JobRequest, JobStep, details_dataset_type
from ...pipelines.combine import combine_bias, combine_dark
from ...pipelines.dark_hits import find_hits
from ...pipelines.image import CalibImage, with_masked
from ...pipelines.isr import correct_frame
from ...pipelines.metrics import ExposureMetrics, measure_exposure
from ...pipelines.raw.frame import RawFrame
from ...pipelines.verify import RunStats, details_of_run, merge_run
from ...pipelines.verify_exposure import Stats, VerifyOptions
from .known import kept
from .query import PipelineOptions, parse_data_query, parse_options
from .store import RAW_COLLECTION, RawImage, Store

_PIPELINES = {
    f"{stem}{image_type.capitalize()}.yaml": (step, image_type)
    for stem, step in (("cp", JobStep.GENERATE), ("verify", JobStep.VERIFY))
    for image_type in ImageType
}


class JobFailureError(Exception):
    """The pipelines cannot do what they are asked."""


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """What the pipelines are asked, understood."""

    step: JobStep
    """What is to be done."""
    image_type: ImageType
    """With which images."""
    options: PipelineOptions
    """Options of pipetask."""
    raws: tuple[RawImage, ...]
    """The images."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Collections that are searched (`tuple` [`str`])."""
        return (RAW_COLLECTION, *self.options.inputs)


def describe_pipeline(pipeline: str) -> tuple[JobStep, ImageType] | None:
    """Tell what a pipeline file is for; `None` if there is no such file."""
    return _PIPELINES.get(PurePosixPath(pipeline).name)


def run_job(request: JobRequest, store: Store, run: str) -> tuple[str, ...]:
    """Carry a request out, as ``pipetask run`` would. Blocks: use a thread.

    Parameters
    ----------
    request : `JobRequest`
        The arguments of ``execute``.
    store : `Store`
        The repository.
    run : `str`
        RUN collection for the results.

    Returns
    -------
    inputs : `tuple` [`str`]
        The collections that were searched.

    Raises
    ------
    JobFailureError
        If it cannot be done; pipetask would end with exit code 1.
    """
    try:
        job = _understand(request, store)
        if job.step is JobStep.GENERATE:
            store.put(run, job.image_type.dataset_type, _generate(job, store))
        else:
            dataset_type = f"verify{job.image_type.capitalize()}Stats"
            details = _verify(job, store)
            by_key: RunStats = dict(details.items())
            store.put(run, details_dataset_type(dataset_type), by_key)
            store.put(run, dataset_type, merge_run(details)[1])
    except (LookupError, ValueError) as error:
        raise JobFailureError(str(error)) from error
    return job.inputs


def _understand(request: JobRequest, store: Store) -> Job:
    known = describe_pipeline(request.pipeline)
    if known is None:
        raise ValueError(f"there is no pipeline {request.pipeline}")
    options = parse_options(request.config)
    query = parse_data_query(request.data_query)
    if query.instruments != ("LATISS",):
        raise ValueError(f"the data query must name instrument LATISS: {request.data_query}")
    raws = store.find_raws(query.exposures)
    if not raws or query.detectors not in ((), (0,)):
        raise ValueError(f"no raw image fits the data query {request.data_query}")
    if not options.register:
        # A new repository knows no dataset type of ours, and pipetask adds none unasked.
        raise ValueError("dataset types are not registered; use --register-dataset-types")
    list(store.expand(options.inputs))
    return Job(*known, options, tuple(raws))


def _generate(job: Job, store: Store) -> CalibImage:
    masked = _masked(job)
    if job.image_type is ImageType.BIAS:
        return kept(
            ("bias", masked), job.raws, (), lambda: combine_bias(_open(job.raws), masked=masked)
        )
    bias = _find(job, store, "bias")
    return kept(
        ("dark", masked), job.raws, (bias,), lambda: combine_darks(_open(job.raws), bias, masked)
    )


def _open(raws: Sequence[RawImage]) -> list[RawFrame]:
    return [open_raw_image(raw) for raw in raws]


def combine_darks(
    frames: Sequence[RawFrame], bias: CalibImage, masked: tuple[str, ...] = ()
) -> CalibImage:
    """Make a combined dark, with the pixels that cosmic rays hit left out.

    Raises
    ------
    ValueError
        If a frame has more such pixels than there can be.
    """
    hits = find_hits(frames, with_masked(bias, masked))
    return combine_dark(frames, bias, hits, masked=masked)


def _verify(job: Job, store: Store) -> dict[int, Stats]:
    bias = _find(job, store, "bias")
    dark = _find(job, store, "dark") if job.image_type is ImageType.DARK else None
    images = (bias,) if dark is None else (bias, dark)

    def measure(raw: RawImage) -> ExposureMetrics:
        return kept(
            "corrected",
            (raw,),
            images,
            lambda: measure_exposure(correct_frame(open_raw_image(raw), bias, dark)),
        )

    measured = [measure(raw) for raw in job.raws]
    with_corner = job.image_type is ImageType.BIAS
    return details_of_run(measured, _verify_options(job), with_corner=with_corner)


def _verify_options(job: Job) -> VerifyOptions:
    options = VerifyOptions()
    label = f"verify{job.image_type.capitalize()}"
    for task, field, value in job.options.changes:
        if (task, field) == (label, "noiseTestTwoSided") and value in ("True", "False"):
            options = dataclasses.replace(options, two_sided_noise=value == "True")
        elif (task, field) == (label, "tolerance"):
            options = dataclasses.replace(options, tolerance=float(value))
        else:
            raise ValueError(f"cannot set {task}:{field}={value}")
    return options


def _masked(job: Job) -> tuple[str, ...]:
    masked: tuple[str, ...] = ()
    for task, field, value in job.options.changes:
        if (task, field) != (f"cp{job.image_type.capitalize()}", "badAmplifiers"):
            raise ValueError(f"cannot set {task}:{field}={value}")
        masked = tuple(value.split("+"))
    return masked


def _find(job: Job, store: Store, dataset_type: str) -> CalibImage:
    """Find the calibration that is valid for all the images."""
    found = [store.find(job.inputs, dataset_type, raw.exposure.begin_tai) for raw in job.raws]
    if any(first is not second for first, second in itertools.pairwise(found)):
        raise ValueError(f"more than one {dataset_type} is valid for these exposures")
    if not isinstance(found[0], CalibImage):
        raise TypeError(f"{dataset_type} is not an image")
    return found[0]


def open_raw_image(raw: RawImage) -> RawFrame:
    """Open a raw image for the numerics.

    Raises
    ------
    ValueError
        If its file is damaged.
    """
    if raw.damaged:
        raise ValueError(f"{raw.exposure.name} cannot be read: {raw.damaged}")
    header = raw.exposure.in_header()
    return RawFrame.from_arrays(
        raw.frame.pixels,
        raw.frame.geometry,
        exposure=header.name.exposure_id,
        image_type=header.image_type,
        exposure_time=header.exposure_time,
        dark_time=header.dark_time,
    )
