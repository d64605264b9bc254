# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interpolation over a few bad pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def neighbours(
    flat: NDArray[np.intp], shape: tuple[int, int], offsets: list[tuple[int, int]]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Find the pixels at given offsets from others.

    Parameters
    ----------
    flat : `numpy.ndarray`, (n,)
        Flat indices.
    shape : `tuple` [`int`]
        Height and width of the image.
    offsets : `list` of `tuple` [`int`]
        dy, dx (pixel).

    Returns
    -------
    indices : `numpy.ndarray`, (offsets, n)
        Flat indices; those beyond an edge are moved onto it.
    inside : `numpy.ndarray`, (offsets, n)
        Which are not beyond an edge.
    """
    height, width = shape
    y, x = np.divmod(flat, width)
    dy, dx = np.array(offsets, np.intp).T[:, :, np.newaxis]
    y, x = y + dy, x + dx
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    return np.clip(y, 0, height - 1) * width + np.clip(x, 0, width - 1), inside


def disc(radius: int) -> list[tuple[int, int]]:
    """Offsets of all pixels within a radius (pixel), the middle included."""
    span = range(-radius, radius + 1)
    return [(dy, dx) for dy in span for dx in span if dy * dy + dx * dx <= radius * (radius + 1)]


def grow(flat: NDArray[np.intp], shape: tuple[int, int], radius: int) -> NDArray[np.intp]:
    """Add all pixels within a radius.

    Parameters
    ----------
    flat : `numpy.ndarray`, (n,)
        Flat indices.
    shape : `tuple` [`int`]
        Height and width of the image.
    radius : `int`
        Radius (pixel); 0 adds none.

    Returns
    -------
    grown : `numpy.ndarray`
        Flat indices, sorted, each once.
    """
    indices, inside = neighbours(flat, shape, disc(radius))
    return np.unique(indices[inside])


def fill_from_neighbours(
    pixels: NDArray[np.float32], flat: NDArray[np.intp], most_radius: int = 4
) -> None:
    """Replace pixels by the mean of the good pixels nearest to them.

    Parameters
    ----------
    pixels : `numpy.ndarray`, (height, width)
        Image; is changed.
    flat : `numpy.ndarray`, (n,)
        Flat indices of the pixels to replace; they count as bad for each other.
    most_radius : `int`
        How far to look (pixel). What has no good pixel within it becomes 0.
    """
    values = pixels.reshape(-1)
    left = np.sort(flat)
    bad = left
    new: list[tuple[NDArray[np.intp], NDArray[np.float64]]] = []
    for radius in range(1, most_radius + 1):
        if len(left) == 0:
            break
        indices, good = neighbours(left, (pixels.shape[0], pixels.shape[1]), disc(radius))
        place = np.minimum(np.searchsorted(bad, indices), len(bad) - 1)
        good &= bad[place] != indices
        count = good.sum(axis=0)
        total = np.where(good, values[indices], 0.0).sum(axis=0, dtype=np.float64)
        done = count > 0
        new.append((left[done], total[done] / count[done]))
        left = left[~done]
    for where, value in new:
        values[where] = value
    values[left] = 0.0
