# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a few bad frames leave in a combination, and what clipping costs in noise, as a page.

Frames are drawn from a fixed seed, at the read noise of the noisiest amplifier; k of N have D
electron too much in every pixel. The clip alone is measured here: frames that differ as a whole
are left out before it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from lsst.ts.dailycal.model import ImageName
from lsst.ts.dailycal.model.detector import LATISS
from lsst.ts.dailycal.pipelines.clip import clipped_slope
from lsst.ts.dailycal.pipelines.cosmics import find_cosmic_rays
from lsst.ts.dailycal.pipelines.isr import correct_frame
from lsst.ts.dailycal.pipelines.raw import RawFrame
from lsst.ts.dailycal.sim.detector import FrameRequest, SimulatedDetector

SEED = 20261125
NOISE = 10.3
DARK_TIMES = (5.0,) * 4 + (15.0,) * 2 + (30.0,) * 16
FRAMES = (5, 8, 10, 12, 16, 20, 22)
ELECTRONS = (20, 50, 100, 200, 500, 1000, 5000)
PIXELS = 20_000


def draw(frames: int, times: np.ndarray | None, pixels: int = PIXELS) -> np.ndarray:
    """Draw clean values (electron), with a dark current of 0.02 electron/s."""
    random = np.random.default_rng([SEED, frames])
    stack = random.normal(0.0, NOISE, (frames, pixels)).astype(np.float32)
    return stack if times is None else stack + np.float32(0.02) * times[:, np.newaxis]


def left_over(frames: int, bad: int, electrons: float, times: np.ndarray | None) -> float:
    """Combine with and without bad frames; give the mean difference (electron)."""
    stack = draw(frames, times)
    clean = clipped_slope(stack, times).slope
    # The last are the longest darks, which weigh most.
    stack[frames - bad :] += electrons
    scale = 1.0 if times is None else float(times.max())
    return float((clipped_slope(stack, times).slope - clean).mean()) * scale


def table(kind: str) -> list[str]:
    """Make the table for biases or darks."""
    lines = [
        "| N | k | " + " | ".join(f"D = {d}" for d in ELECTRONS) + " |",
        "| ---: " * (len(ELECTRONS) + 2) + "|",
    ]
    for frames in FRAMES:
        # Of fewer darks than 22, the last of the usual exposure times, and two short ones.
        chosen = (5.0, 15.0, *DARK_TIMES[24 - frames :])
        times = None if kind == "bias" else np.array(chosen, np.float32)
        for bad in sorted({1, (frames // 4 + 1) // 2, frames // 4}):
            values = (left_over(frames, bad, d, times) for d in ELECTRONS)
            lines.append(f"| {frames} | {bad} | " + " | ".join(f"{v:.2f}" for v in values) + " |")
    return lines


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
            "Made by `python bench/clip_table.py --page doc/reference/combination.md`; the",
            "frames are drawn from a fixed seed, and the page comes out the same again.",
            "",
            "k of N frames have D electron too much in every pixel; the noise of a value is",
            f"{NOISE} electron, that of the noisiest amplifier. The tables give what is left of it",
            "in the combination, in electron, by clipping alone. A combination leaves frames that",
            "differ as a whole out before it clips (decision 0021), so that the left columns are",
            "those of pixels that are bad each in frames of its own. Below four times the noise",
            "(D = 41) nothing is an outlier.",
            "",
            "## Biases",
            "",
            *table("bias"),
            "",
            "## Darks",
            "",
            "The usual exposure times, 5 to 30 s; the bad frames are among those of 30 s, and what",
            "is left of them in the rate is given for a dark of 30 s.",
            "",
            *table("dark"),
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
