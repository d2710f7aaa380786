# SPDX-License-Identifier: Apache-2.0
"""The C of TF-Lite Micro's audio front end: its tables, and the calls of its kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcunet_tf.audio.description import Description
from mcunet_tf.audio.form import ISA, EarSource
from mcunet_tf.tinyengine.kernel_tables.table import Blob
from mcunet_tf.tinyengine.signal.tables import (
    complex_words,
    input_places,
    log_table,
    split_twiddles,
    stage_factors,
)

_STRUCTS = """\
static const struct audio_spectrum @name@_spectrum = {
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

static const struct audio_features @name@_features = {
{features}};
"""
_COMPUTE = """\
  const int32_t shift = audio_window_@isa@(&@name@_spectrum, state->samples, scratch->values);
  audio_transform_@isa@(&@name@_spectrum, scratch->values, shift);
  audio_energies_@isa@(&@name@_spectrum, scratch->values);
  audio_bands_portable(&@name@_filters, scratch->values, scratch->sums);
  audio_features_portable(&@name@_features, scratch->sums, shift, state->averages, row);
"""


def form(front_end: Description) -> EarSource:
    """What of its C is its own."""
    points = str(front_end.transform_points // 2)
    features = "".join(f"    .{key} = {value},\n" for key, value in _features(front_end).items())
    places = {
        "{points}": points,
        "{first_bin}": str(front_end.band_filters.first_bin),
        "{features}": features,
    }
    structs = _STRUCTS
    for place, value in places.items():
        structs = structs.replace(place, value)
    kernels = [f"audio_{part}_{ISA}" for part in ("window", "transform", "energies")]
    return EarSource(
        said=said(front_end),
        tables=_tables(front_end),
        structs=structs,
        kernels=(*kernels, "audio_bands_portable", "audio_features_portable"),
        header="audio",
        state="  uint32_t averages[@NAME@_BANDS]; /* the noise of each band */\n",
        scratch=f"  int64_t sums[@NAME@_BANDS];\n  uint32_t values[{points}];\n",
        compute=_COMPUTE,
        row_type="uint16_t" if front_end.output is None else "int8_t",
    )


def said(front_end: Any) -> str:
    """What a front end takes and gives, in a sentence."""
    return (
        f"{front_end.sample_rate} Hz, windows of {front_end.window_ms} ms every "
        f"{front_end.hop_ms} ms, {front_end.bands} bands of {front_end.lower_hz:g} to "
        f"{front_end.upper_hz:g} Hz."
    )


def _tables(front_end: Description) -> dict[str, Blob]:
    points, bands = front_end.transform_points // 2, front_end.band_filters
    counts = np.bincount(bands.edge, minlength=bands.count + 1)
    weights = np.stack([bands.falling, bands.rising], axis=-1).reshape(-1)
    found = {
        "window": Blob("int16_t", front_end.window),
        "places": Blob("uint16_t", input_places(points)),
        "twiddles": Blob("uint32_t", stage_factors(points)),
        "split": Blob("uint32_t", complex_words(split_twiddles(points))),
        "bins": Blob("uint16_t", counts.astype(np.uint16)),
        "weights": Blob("int16_t", weights),
    }
    if front_end.gain_control is not None:
        found["gains"] = Blob("int16_t", front_end.gains)
    if front_end.log_shift is not None:
        found["logarithms"] = Blob("uint16_t", log_table())
    return found


def _features(front_end: Description) -> dict[str, Any]:
    fields: dict[str, Any] = {"bands": "@NAME@_BANDS"}
    if front_end.noise_reduction is not None:
        even, odd, least = front_end.noise_factors
        fields["smoothing"] = f"{{{even}, {odd}}}"
        fields["least"] = least
        fields["smoothing_bits"] = front_end.noise_reduction.smoothing_bits
    if front_end.gain_control is not None:
        fields["gains"] = "@name@_gains"
        fields["snr_shift"] = front_end.snr_shift
    if front_end.log_shift is not None:
        fields["logarithms"] = "@name@_logarithms"
        fields["correction_bits"] = front_end.correction_bits
        fields["log_scale"] = 1 << front_end.log_shift
    if front_end.output is not None:
        fields["multiplier"] = front_end.output.multiplier
        fields["divisor"] = front_end.output.divisor
        fields["zero_point"] = front_end.output.zero_point
    return fields
