# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration of a run, checked beyond what a JSON schema can say."""

__all__ = ["make_run_config"]

import datetime
import typing
from collections.abc import Mapping

from ..model import ConfigurationError, ImageName, ImageType
from . import text_rules
from .run_config import (
    AcceptRule,
    CalibrationConfig,
    OnBadAmplifiers,
    OnDifference,
    OnRejection,
    RunConfig,
    UpstreamOptions,
)

Raw = Mapping[str, typing.Any]

_COMPATIBILITY_ONLY = (
    "n_flat",
    "n_discard_flat",
    "exp_times_flat",
    "number_verification_tests_threshold_flat",
    "config_options_flat",
    "config_options_defects",
    "config_options_ptc",
    "do_defects",
    "do_ptc",
    "background_task_timeout",
    "test_case",
    "input_collections_flat",
    "input_collections_verify_flat",
    "input_collections_defects",
    "input_collections_ptc",
)


def make_run_config(raw: Raw, schema: Mapping[str, typing.Any]) -> RunConfig:
    """Check a configuration that fits the schema, and turn it into a value.

    Parameters
    ----------
    raw : `~collections.abc.Mapping`
        Configuration with all defaults filled in.
    schema : `~collections.abc.Mapping`
        The schema; its defaults stand in for null.

    Raises
    ------
    ConfigurationError
        If anything is wrong; it lists all problems at once.
    """
    defaults = {key: prop.get("default") for key, prop in schema["properties"].items()}
    full = {**defaults, **{key: value for key, value in raw.items() if value is not None}}
    problems: list[str] = []
    calibrations = _make_calibrations(full, problems)
    _check_texts(full, problems)
    begin, end = _check_validity(full, problems)
    if problems:
        raise ConfigurationError(problems)
    return RunConfig(
        calibrations=calibrations,
        wait_between_exposures=float(full["wait_between_exposures"]),
        generate=full["generate_calibrations"],
        verify=full["do_verify"],
        n_processes=full["n_processes"],
        begin=begin,
        end=end,
        ingest_timeout=float(full["oods_timeout"]),
        job_timeout=float(full["job_timeout"]),
        program=full["program"] or "",
        reason=full["reason"] or "",
        note=full["note"] or "",
        filter_name=full["filter"],
        grating=full["grating"],
        calib_collection=full["calib_collection"],
        repo=full["repo"],
        accept_rule=AcceptRule(full["accept_rule"]),
        on_rejection=OnRejection(full["on_rejection"]),
        on_difference=OnDifference(full["on_difference"]),
        on_bad_amplifiers=OnBadAmplifiers(full["on_bad_amplifiers"]),
        max_masked=full["max_masked"],
        max_attempts=full["max_attempts"],
        measure=full["measure"],
        retake_bad=full["retake_bad"],
        max_settling=full["max_settling"],
        resume=full["resume"],
        without_effect=UpstreamOptions(
            tuple(key for key in _COMPATIBILITY_ONLY if full[key] != defaults[key])
        ),
    )


def _make_calibrations(full: Raw, problems: list[str]) -> tuple[CalibrationConfig, ...]:
    mode = full.get("script_mode")
    if mode == "BIAS_DARK_FLAT":
        problems.append(
            "script_mode BIAS_DARK_FLAT is not carried out by this script: flats need the white "
            "light source, which this procedure leaves alone. Use BIAS, DARK or BIAS_DARK."
        )
        return ()
    if mode not in ("BIAS", "DARK", "BIAS_DARK"):
        problems.append("script_mode must be given: BIAS, DARK or BIAS_DARK.")
        return ()
    return tuple(
        _make_calibration(ImageType(part), full, problems) for part in str(mode).split("_")
    )


def _make_calibration(image_type: ImageType, full: Raw, problems: list[str]) -> CalibrationConfig:
    kind = image_type.dataset_type
    given = _given_images(f"exposures_{kind}", full[f"exposures_{kind}"], problems)
    wanted, discarded = full[f"n_{kind}"], full[f"n_discard_{kind}"]
    if given:
        wanted, discarded = len(given), 0
    minimum = full[f"min_{kind}"] or wanted
    if minimum > wanted:
        problems.append(f"min_{kind} is {minimum}, more than the {wanted} that are wanted.")
    # A set of which a third is bad says more of the night than of its frames.
    fewest = full[f"min_{kind}"] or wanted - wanted // 3
    times: tuple[float, ...] = (0.0,) * (wanted + discarded)
    if image_type is ImageType.DARK and not given:
        times = _exposure_times(full["exp_times_dark"], wanted, discarded, problems)
    return CalibrationConfig(
        image_type=image_type,
        wanted=wanted,
        minimum=minimum,
        fewest=fewest,
        discarded=discarded,
        exposure_times=times,
        failure_limit=full[f"number_verification_tests_threshold_{kind}"],
        generate_options=full[f"config_options_{kind}"].strip(),
        verify_options=full[f"config_options_verify_{kind}"].strip(),
        generate_inputs=full[f"input_collections_{kind}"],
        verify_inputs=full[f"input_collections_verify_{kind}"],
        given=given,
    )


def _given_images(name: str, ids: list[int] | None, problems: list[str]) -> tuple[ImageName, ...]:
    try:
        return tuple(ImageName.of_exposure(number) for number in ids or ())
    except ValueError as error:
        problems.append(f"{name}: {error}.")
        return ()


def _exposure_times(
    given: float | list[float], wanted: int, discarded: int, problems: list[str]
) -> tuple[float, ...]:
    if not isinstance(given, list):
        return (float(given),) * (wanted + discarded)
    times = tuple(float(item) for item in given)
    if len(times) == wanted + discarded:
        return times
    if len(times) == wanted:
        return (times[0],) * discarded + times
    problems.append(
        f"exp_times_dark has {len(times)} entries; give one for each dark that is taken "
        f"(n_dark {wanted} + n_discard_dark {discarded} = {wanted + discarded}), one for each "
        f"that is kept ({wanted}), or a single number for all."
    )
    return ()


def _check_texts(full: Raw, problems: list[str]) -> None:
    for key in ("program", "reason"):
        problems += text_rules.check_header_value(key, full[key] or "")
    problems += text_rules.check_note("note", full["note"] or "")
    for key, value in full.items():
        if key.startswith("config_options_"):
            problems += text_rules.check_options(key, value)
        elif key.startswith("input_collections_"):
            problems += text_rules.check_collections(key, value)
    problems += text_rules.check_collections("calib_collection", full["calib_collection"], most=1)
    problems += text_rules.check_repository("repo", full["repo"])
    for key in ("filter", "grating"):
        if isinstance(full[key], str):
            problems += text_rules.check_header_value(key, full[key])


def _check_validity(full: Raw, problems: list[str]) -> tuple[str | None, str | None]:
    moments: list[datetime.datetime | None] = []
    for key in ("certify_calib_begin_date", "certify_calib_end_date"):
        text = full[key]
        try:
            moment = None if text is None else datetime.datetime.fromisoformat(text)
        except ValueError:
            moment = None
            problems.append(f"{key}: {text!r} is not an ISO 8601 time such as 2026-11-23T12:00:00.")
        if moment is not None and moment.tzinfo is not None:
            problems.append(f"{key}: {text!r} must not name a time zone; it is TAI.")
            moment = None
        moments.append(moment)
    begin, end = moments
    if begin is not None and end is not None and begin >= end:
        problems.append("certify_calib_begin_date must be before certify_calib_end_date.")
    return (begin.isoformat() if begin else None, end.isoformat() if end else None)
