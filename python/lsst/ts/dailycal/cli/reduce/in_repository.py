# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calibrations of a repository that frames are corrected with."""

__all__ = ["find_given"]

import typing

from ...butler.export import CalibrationNotFoundError, load_calibration
from ...model import ImageType
from ..errors import CommandError
from ..exit_codes import ExitCode
from ..repo import no_repository
from .calibrate import Given

if typing.TYPE_CHECKING:
    from collections.abc import Mapping

    from .files import RawSet


def find_given(
    repository: str, collection: str, chosen: "RawSet", given: "Mapping[ImageType, Given]"
) -> dict[ImageType, Given]:
    """Find the calibrations that are valid for frames, as far as they are not given otherwise.

    Parameters
    ----------
    repository : `str`
        Directory or alias.
    collection : `str`
        Where to look.
    chosen : `RawSet`
        The frames. Darks need a bias and a dark, biases a bias.
    given : mapping of `ImageType` to `Given`
        What is not looked for.

    Returns
    -------
    found : `dict` [`ImageType`, `Given`]
        With what was given.

    Raises
    ------
    CommandError
        If there is no such repository, or no calibration that is valid for all frames.
    """
    found = dict(given)
    if not chosen.files:
        return found
    wanted = tuple(ImageType) if chosen.of(ImageType.DARK) else (ImageType.BIAS,)
    for image_type in wanted:
        if image_type in found:
            continue
        try:
            image, run, identifier = load_calibration(
                repository, image_type.dataset_type, collection, _moments(chosen)
            )
        except CalibrationNotFoundError as error:
            text = str(error)
            advice = (
                f"Give one with --{image_type.dataset_type}, or without --repo the frames are "
                "verified against their own combination."
            )
            raise CommandError(
                f"{text[:1].upper()}{text[1:]}.", ExitCode.NOT_FOUND, advice
            ) from error
        except (FileNotFoundError, LookupError) as error:
            raise no_repository(repository) from error
        found[image_type] = Given(image, f"{run} of {repository}", identifier)
    return found


def _moments(chosen: "RawSet") -> tuple[str, ...]:
    """Give when the first and the last frame began (TAI)."""
    facts = [file.frame.facts for file in chosen.files]
    begins = sorted(f.begin.tai.isot for f in facts if f is not None and f.begin is not None)
    if not begins:
        raise CommandError(
            "The headers have no date, so that no calibration can be looked up. Give one with "
            "--bias and --dark.",
            ExitCode.CONFIGURATION,
        )
    return begins[0], begins[-1]
