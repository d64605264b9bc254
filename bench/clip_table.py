# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a few bad frames leave in a combination, and what clipping costs in noise, as a page.

Frames are drawn from a fixed seed; k of N have D electron too much in every pixel. They are
combined as raw frames, of which those that differ as a whole are left out first, and by the clip
alone, at the read noise of the noisiest amplifier.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from lsst.ts.dailycal.model import ImageName
from lsst.ts.dailycal.model.detector import LATISS
from lsst.ts.dailycal.pipelines.clip import clipped_slope
from lsst.ts.dailycal.pipelines.combine import combine_bias, combine_dark
from lsst.ts.dailycal.pipelines.cosmics import find_cosmic_rays
from lsst.ts.dailycal.pipelines.image import CalibImage
from lsst.ts.dailycal.pipelines.isr import correct_frame
from lsst.ts.dailycal.pipelines.raw.frame import RawFrame
from lsst.ts.dailycal.sim.detector import FrameRequest, SimulatedDetector

SEED = 20261125
NOISE = 10.3
DARK_TIMES = (5.0,) * 4 + (15.0,) * 2 + (30.0,) * 16
FRAMES = range(5, 23)
# Of whole frames some numbers will do: nothing depends on them that the clip does not show.
FEW_FRAMES = (5, 8, 12, 16, 20, 22)
ELECTRONS = (20, 50, 100, 200, 500, 1000, 5000)
PIXELS = 4_000
# Sizes of the raw frames that are combined whole (pixel).
SIZE = (32, 32)


def draw(frames: int, times: np.ndarray | None, pixels: int = PIXELS) -> np.ndarray:
    """Draw clean values (electron), with a dark current of 0.02 electron/s."""
    random = np.random.default_rng([SEED, frames])
    stack = random.normal(0.0, NOISE, (frames, pixels)).astype(np.float32)
    return stack if times is None else stack + np.float32(0.02) * times[:, np.newaxis]


def times_of(frames: int, kind: str) -> np.ndarray | None:
    """Choose dark times: the last of the usual ones, and of few darks two short ones."""
    chosen = DARK_TIMES if frames == len(DARK_TIMES) else (5.0, 15.0, *DARK_TIMES[24 - frames :])
    return None if kind == "bias" else np.array(chosen, np.float32)


def left_by_clip(frames: int, bad: int, times: np.ndarray | None) -> list[float]:
    """Combine with and without bad frames; give the mean difference (electron) for each D."""
    stack = draw(frames, times)
    clean = clipped_slope(stack, times).slope
    scale = 1.0 if times is None else float(times.max())
    found = []
    for electrons in ELECTRONS:
        spoilt = stack.copy()
        # The last are the longest darks, which weigh most.
        spoilt[frames - bad :] += electrons
        found.append(float((clipped_slope(spoilt, times).slope - clean).mean()) * scale)
    return found


def raw_frames(frames: int, bad: int, electrons: float, times: np.ndarray | None) -> list[RawFrame]:
    """Draw raw frames; the last have some electron too much in every data pixel."""
    geometry = LATISS.resized(*SIZE)
    random = np.random.default_rng([SEED, frames])
    data = geometry.data_section
    made = []
    for number in range(frames):
        arrays = np.empty((16, geometry.raw_height, geometry.raw_width), np.int32)
        dark_time = 0.0 if times is None else float(times[number])
        extra = 0.02 * dark_time + (electrons if number >= frames - bad else 0.0)
        for array, amplifier in zip(arrays, geometry.amplifiers, strict=True):
            adu = random.normal(20_000, amplifier.read_noise / amplifier.gain, array.shape)
            adu[data.y0 : data.y1, data.x0 : data.x1] += extra / amplifier.gain
            array[...] = np.rint(adu)
        made.append(
            RawFrame.from_arrays(
                arrays,
                geometry,
                exposure=2026112500001 + number,
                image_type="BIAS" if times is None else "DARK",
                exposure_time=dark_time,
                dark_time=dark_time,
            )
        )
    return made


def left_in_combination(frames: int, bad: int, times: np.ndarray | None) -> list[float]:
    """Combine raw frames with and without bad ones; give the difference (electron) for each D.

    The mean of the amplifier in which it is greatest. Nothing is subtracted from darks.
    """
    scale = 1.0 if times is None else float(times.max())

    def combine(electrons: float) -> CalibImage:
        made = raw_frames(frames, bad, electrons, times)
        return combine_bias(made) if times is None else combine_dark(made, None)

    clean = combine(0.0)
    found = []
    for electrons in ELECTRONS:
        difference = combine(electrons).pixels - clean.pixels
        means = [
            float(difference[p.y0 : p.y1, p.x0 : p.x1].mean()) * scale
            for p in (amplifier.section for amplifier in clean.amplifiers)
        ]
        found.append(max(means, key=abs))
    return found


def table(
    kind: str,
    measure: Callable[[int, int, np.ndarray | None], list[float]],
    numbers: Iterable[int],
) -> list[str]:
    """Make a table for biases or darks, and say what is worst from 100 electron on."""
    lines = [
        "| N | k | " + " | ".join(f"D = {d}" for d in ELECTRONS) + " |",
        "| ---: " * (len(ELECTRONS) + 2) + "|",
    ]
    worst = 0.0
    for frames in numbers:
        for bad in range(1, frames // 4 + 1):
            values = measure(frames, bad, times_of(frames, kind))
            pairs = zip(ELECTRONS, values, strict=True)
            worst = max([worst, *(abs(value) for d, value in pairs if d >= 100)])
            # Without a minus before nothing.
            shown = (f"{round(value, 2) + 0.0:.2f}" for value in values)
            lines.append(f"| {frames} | {bad} | " + " | ".join(shown) + " |")
    return [*lines, "", f"From 100 electron on, at most {worst:.2f} electron are left."]


def noise_table() -> list[str]:
    """Compare the noise of a combination with that of a plain mean."""
    lines = ["| N | noise over σ/√N | √variance plane over σ/√N |", "| ---: | ---: | ---: |"]
    for frames in (5, 10, 20):
        result = clipped_slope(draw(frames, None, 200_000))
        mean = NOISE / np.sqrt(frames)
        noise, said = (
            float(result.slope.std()) / mean,
            float(np.sqrt(result.variance.mean())) / mean,
        )
        lines.append(f"| {frames} | {noise:.4f} | {said:.4f} |")
    return lines


def cosmic_ray_lines() -> list[str]:
    """Compare our finder of cosmic rays with astroscrappy on simulated darks of known truth."""
    from astroscrappy import detect_cosmics

    geometry = LATISS.resized(128, 256)
    detector = SimulatedDetector(SEED, geometry, 0.0, 20.0)
    hit = ours_hit = theirs_hit = ours_false = theirs_false = 0
    for number in range(1, 6):
        name = ImageName(day_obs=20261125, seq_num=number)
        frame = detector.read(FrameRequest(name, 30.0, 30.0))
        clean = SimulatedDetector(SEED, geometry, 0.0, 0.0).read(FrameRequest(name, 30.0, 30.0))
        images = [
            correct_frame(
                RawFrame.from_arrays(
                    one.pixels, geometry, exposure=number, image_type="DARK", dark_time=30.0
                )
            )
            for one in (frame, clean)
        ]
        # What the simulator adds is the truth; six sigma of it is what a finder can find.
        charge = images[0].pixels - images[1].pixels
        truth = charge > 60.0
        image = images[0]
        image.pixels[...] = charge + np.random.default_rng([SEED, number]).normal(
            0.0, 8.5, charge.shape
        )
        ours = np.zeros(truth.shape, np.bool_)
        ours.ravel()[find_cosmic_rays(image).flat] = True
        theirs, _ = detect_cosmics(
            image.pixels + 1000.0,
            readnoise=8.5,
            gain=1.0,
            satlevel=1e9,
            sigclip=6.0,
            inbkg=np.full(truth.shape, 1000.0, np.float32),
            cleantype="medmask",
        )
        hit += int(truth.sum())
        ours_hit += int((ours & truth).sum())
        theirs_hit += int((theirs & truth).sum())
        ours_false += int((ours & (charge <= 1.0)).sum())
        theirs_false += int((theirs & (charge <= 1.0)).sum())
    return [
        "| finder | pixels found of those with over 60 electron | pixels without a ray |",
        "| --- | ---: | ---: |",
        f"| ours | {ours_hit} of {hit} ({ours_hit / hit:.1%}) | {ours_false} |",
        f"| astroscrappy | {theirs_hit} of {hit} ({theirs_hit / hit:.1%}) | {theirs_false} |",
    ]


def page() -> str:
    """Write the page."""
    return "\n".join(
        [
            "# What bad frames leave in a combination",
            "",
            "Made by `make combination`: frames are drawn from a fixed seed, and the page comes",
            "out the same again.",
            "",
            "k of N frames have D electron too much in every pixel. The tables give what is left",
            "of it in the combination, in electron; of a dark in 30 s, with exposure times of 5 to",
            "30 s, of which the longest are bad.",
            "",
            "## Bad frames",
            "",
            f"Whole raw frames, of {SIZE[0]} by {SIZE[1]} pixels an amplifier, and the amplifier",
            "with the most left. Frames that differ as a whole are left out before the clip",
            "(decision 0021), and what is left is that the mean is then of fewer frames: the noise",
            "of the level of amplifiers as small as these.",
            "",
            "### Biases",
            "",
            *table("bias", left_in_combination, FEW_FRAMES),
            "",
            "### Darks",
            "",
            *table("dark", left_in_combination, FEW_FRAMES),
            "",
            "## Bad pixels",
            "",
            f"The clip alone, with a noise of {NOISE} electron, that of the noisiest amplifier:",
            "what is left in pixels that are bad each in frames of its own. Below four times the",
            "noise (D = 41) nothing is an outlier.",
            "",
            "### Biases",
            "",
            *table("bias", left_by_clip, FRAMES),
            "",
            "### Darks",
            "",
            *table("dark", left_by_clip, FRAMES),
            "",
            "## Noise",
            "",
            "Of good frames, biases, 200 000 pixels.",
            "",
            *noise_table(),
            "",
            "## Cosmic rays",
            "",
            "Five simulated darks of 30 s with many cosmic rays; both finders at 6 sigma.",
            "",
            *cosmic_ray_lines(),
            "",
        ]
    )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", type=Path, help="write the page here")
    args = parser.parse_args()
    text = page()
    if args.page:
        args.page.write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
