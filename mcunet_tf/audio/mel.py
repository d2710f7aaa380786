# SPDX-License-Identifier: Apache-2.0
"""Mel filters as libraries define them, in whole numbers: every bin feeds two neighbouring ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.audio.tables import Bands

Reals = npt.NDArray[np.float64]

WEIGHT_BITS = 14
SCALES = ("htk", "slaney")
_LINEAR_HZ, _LINEAR_STEP = 1000.0, 200.0 / 3
_LOG_STEP = math.log(6.4) / 27


def to_mel(hertz: Any, scale: str) -> Reals:
    """Frequencies on the scale of HTK, or on that of Slaney's Auditory Toolbox."""
    values = np.asarray(hertz, np.float64)
    if scale == "htk":
        htk: Reals = 2595 * np.log10(1 + values / 700)
        return htk
    above = np.log(np.maximum(values, _LINEAR_HZ) / _LINEAR_HZ) / _LOG_STEP
    slaney: Reals = np.minimum(values, _LINEAR_HZ) / _LINEAR_STEP + above
    return slaney


def to_hertz(mels: Any, scale: str) -> Reals:
    """The inverse of `to_mel`."""
    values = np.asarray(mels, np.float64)
    if scale == "htk":
        htk: Reals = 700 * (10 ** (values / 2595) - 1)
        return htk
    corner = _LINEAR_HZ / _LINEAR_STEP
    above = np.exp(_LOG_STEP * np.maximum(values - corner, 0))
    return np.where(values < corner, values * _LINEAR_STEP, _LINEAR_HZ * above)


def band_edges(bands: int, lower_hz: float, upper_hz: float, scale: str) -> Reals:
    """Where filters begin, have their centres and end, in Hz: [bands + 2]."""
    low, high = to_mel([lower_hz, upper_hz], scale)
    return to_hertz(np.linspace(low, high, bands + 2), scale)


def triangles(edges: Reals, sample_rate: int, points: int, scale: str, over: str) -> Bands:
    """Triangular filters between edges, of the bins of a real transform; bin 0 never counts.

    Args:
        edges: in Hz, [bands + 2].
        sample_rate: in Hz.
        points: of the real transform.
        scale: of mel.
        over: "mel": filters are straight over mel, as tf.signal's; "hertz": over Hz, as librosa's.
    """
    hertz = np.arange(points // 2) * sample_rate / points
    bins, places = (to_mel(v, scale) if over == "mel" else v for v in (hertz, edges))
    counted = np.flatnonzero((hertz > edges[0]) & (hertz < edges[-1]) & (hertz > 0))
    edge = np.searchsorted(places, bins[counted], side="right") - 1
    edge = np.minimum(edge, len(edges) - 2)
    rising = (bins[counted] - places[edge]) / (places[edge + 1] - places[edge])
    one = 1 << WEIGHT_BITS
    weights = np.floor(rising * one + 0.5).astype(np.int16)
    first = int(counted[0]) if counted.size else 0
    return Bands(len(edges) - 2, first, edge.astype(np.int32), one - weights, weights)
