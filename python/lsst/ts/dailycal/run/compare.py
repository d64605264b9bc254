# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate before certification: the new calibration against the one in use."""

__all__ = ["compare_with_the_one_in_use"]

import logging

from ..calibration import OnDifference, compare_calibrations, job_run
from ..model import (
    Certification,
    Compared,
    Comparison,
    ComparisonError,
    ComparisonVerdict,
    ImageType,
)
from .combination import tell_of_combination
from .context import RunContext


async def compare_with_the_one_in_use(
    context: RunContext, image_type: ImageType, certification: Certification, job_id: str
) -> Comparison:
    """Compare what is to be certified with what is in use, or return what was found before.

    The one in use is that of ``calib_collection`` that was valid last, or else that of the
    collections that verification reads.

    Parameters
    ----------
    context : `RunContext`
        The run.
    image_type : `ImageType`
        Which calibration.
    certification : `Certification`
        What is to be certified.
    job_id : `str`
        The job that made it.

    Raises
    ------
    ComparisonError
        If one of them cannot be read, and ``on_difference`` is refuse.
    """
    known = context.state.comparisons.get(image_type)
    if known is not None:
        return known
    config, own = context.config, job_run(job_id)
    others = config.calibration(image_type).verify_inputs.split(",")
    read, timeout = context.ports.repository.read_calibration, context.timeouts.repository
    begin, dataset_type = certification.validity.begin, certification.dataset_type
    try:
        new = await read([own], dataset_type, begin, timeout)
        await tell_of_combination(context, image_type, new)
        collections = [certification.calib_collection, *(name.strip() for name in others)]
        old = await read(collections, dataset_type, begin, timeout, but_not=own)
    except ComparisonError as error:
        if config.on_difference is OnDifference.REFUSE:
            raise
        comparison = Comparison(
            image_type, ComparisonVerdict.NOT_COMPARED, "", (str(error),), accepted=True
        )
    else:
        comparison = compare_calibrations(image_type, new, old, config.on_difference)
    await context.journal.record(Compared(comparison))
    warn = comparison.verdict in {ComparisonVerdict.WORSE, ComparisonVerdict.OTHER_SETUP}
    text = f"{image_type}: the new calibration compared with the one in use: {comparison}."
    await context.tell(text, logging.WARNING if warn else logging.INFO)
    return comparison
