# SPDX-License-Identifier: Apache-2.0
"""What of a front end's C is its own; `emit` writes what all have alike around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.kernel_tables.table import Blob
from mcunet_tf.tinyengine.signal.tables import input_places

ISA = "@isa@"
"""Stands for an instruction set in the names of kernels: the best that there is a kernel for."""


@dataclass(frozen=True)
class EarSource:
    """Parts of a front end's C; in texts, `@name@` and `@NAME@` stand for its prefix.

    Attributes:
        said: what it is, a sentence.
        tables: constants by the end of their names.
        structs: definitions behind the constants.
        header: the kernels' header.
        state: fields of the state beside its samples.
        scratch: fields of the scratch.
        compute: statements that make `row` of `state->samples`.
        row_type: of a feature.
        values: features of a row, or None: as many as bands.
    """

    said: str
    tables: Mapping[str, Blob]
    structs: str
    header: str
    state: str
    scratch: str
    compute: str
    row_type: str
    values: int | None = None


_STRUCTS = """\
static const struct {spectrum} @name@_spectrum = {
    .window = @name@_window,
    .places = @name@_places,
    .twiddles = @name@_twiddles,
    .split = @name@_split,
    .samples = @NAME@_WINDOW_SAMPLES,
    .points = {points},
};

static const struct audio_bands @name@_filters = {
    .bins = @name@_bins,
    .weights = @name@_weights,
    .first_bin = {first_bin},
    .bands = @NAME@_BANDS,
};

static const struct {features} @name@_features = {
{fields}};
"""


def said(front_end: Any) -> str:
    """What a front end takes and gives, in a sentence."""
    return (
        f"{front_end.sample_rate} Hz, windows of {front_end.window_ms} ms every "
        f"{front_end.hop_ms} ms, {front_end.bands} bands of {front_end.lower_hz:g} to "
        f"{front_end.upper_hz:g} Hz."
    )


def structs(front_end: Any, spectrum: str, features: str, fields: Mapping[str, Any]) -> str:
    """Definitions of spectrum, bands and features.

    Args:
        front_end: a description of any kind.
        spectrum: the spectrum's C type.
        features: the C type of what is done with the bands' sums.
        fields: its fields.
    """
    places = {
        "{spectrum}": spectrum,
        "{points}": str(front_end.transform_points // 2),
        "{first_bin}": str(front_end.band_filters.first_bin),
        "{features}": features,
        "{fields}": "".join(f"    .{key} = {value},\n" for key, value in fields.items()),
    }
    text = _STRUCTS
    for place, value in places.items():
        text = text.replace(place, value)
    return text


def band_tables(front_end: Any) -> dict[str, Blob]:
    """Window, order of the transform's inputs, and bands: the same of every kind."""
    bands = front_end.band_filters
    counts = np.bincount(bands.edge, minlength=bands.count + 1)
    weights = np.stack([bands.falling, bands.rising], axis=-1).reshape(-1)
    return {
        "window": Blob("int16_t", front_end.window),
        "places": Blob("uint16_t", input_places(front_end.transform_points // 2)),
        "bins": Blob("uint16_t", counts.astype(np.uint16)),
        "weights": Blob("int16_t", weights),
    }
