# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requests that OCPS gets, word for word as the observatory's OCPS expects them."""

__all__ = [
    "generate_request",
    "job_collection",
    "job_run",
    "statistics_dataset_type",
    "verify_request",
]

from collections.abc import Sequence

from ..model import ImageName, ImageType, JobRequest
from .run_config import RunConfig

_GENERATE_PIPELINE = "${{CP_PIPE_DIR}}/pipelines/LATISS/cp{kind}.yaml"
_VERIFY_PIPELINE = "${{CP_VERIFY_DIR}}/pipelines/LATISS/verify{kind}.yaml"


def job_collection(job_id: str) -> str:
    """Return the name of the collection that a job writes (`str`)."""
    return f"u/ocps/{job_id}"


def job_run(job_id: str) -> str:
    """Return the name of the RUN collection that holds what a job made, without its inputs."""
    return f"{job_collection(job_id)}/run"


def statistics_dataset_type(image_type: ImageType) -> str:
    """Return the dataset type of the run-level statistics, e.g. ``verifyBiasStats`` (`str`)."""
    return f"verify{image_type.capitalize()}Stats"


def generate_request(
    config: RunConfig,
    image_type: ImageType,
    images: Sequence[ImageName],
    bias_collection: str | None = None,
    masked: Sequence[str] = (),
) -> JobRequest:
    """Ask for a combined calibration.

    Parameters
    ----------
    config : `RunConfig`
        Configuration of the run.
    image_type : `ImageType`
        Which calibration.
    images : `~collections.abc.Sequence` [`ImageName`]
        The images to combine.
    bias_collection : `str`, optional
        Collection of the combined bias of this run. It goes first, so that darks are never
        reduced with an older bias by accident.
    masked : `~collections.abc.Sequence` [`str`], optional
        Amplifiers whose pixels are marked BAD.
    """
    calibration = config.calibration(image_type)
    task = f"cp{image_type.capitalize()}"
    mask = f"-c {task}:badAmplifiers={'+'.join(masked)} " if masked else ""
    return JobRequest(
        pipeline=_GENERATE_PIPELINE.format(kind=image_type.capitalize()),
        config=_options(
            config.n_processes,
            _join(bias_collection, calibration.generate_inputs),
            mask + calibration.generate_options,
        ),
        data_query=_data_query(images),
    )


def verify_request(
    config: RunConfig,
    image_type: ImageType,
    images: Sequence[ImageName],
    calibration_collections: Sequence[str] = (),
) -> JobRequest:
    """Ask for the verification of exposures.

    Parameters
    ----------
    config : `RunConfig`
        Configuration of the run.
    image_type : `ImageType`
        Which exposures.
    images : `~collections.abc.Sequence` [`ImageName`]
        The images to verify.
    calibration_collections : `~collections.abc.Sequence` [`str`], optional
        Collections of this run's combined calibrations, to verify against those; empty to
        verify against the input collections alone.
    """
    calibration = config.calibration(image_type)
    return JobRequest(
        pipeline=_VERIFY_PIPELINE.format(kind=image_type.capitalize()),
        config=_options(
            config.n_processes,
            _join(*calibration_collections, calibration.verify_inputs),
            calibration.verify_options,
        ),
        data_query=_data_query(images),
    )


def _options(n_processes: int, inputs: str, further: str) -> str:
    return f"-j {n_processes} -i {inputs} --register-dataset-types {further}".strip()


def _join(*collections: str | None) -> str:
    parts = [part.strip() for item in collections if item for part in item.split(",")]
    return ",".join(dict.fromkeys(parts))


def _data_query(images: Sequence[ImageName]) -> str:
    ids = ", ".join(str(name.exposure_id) for name in images)
    return f"instrument='LATISS' AND detector IN (0) AND exposure IN ({ids})"
