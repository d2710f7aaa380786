# SPDX-License-Identifier: Apache-2.0
"""The C of a front end of logarithms of mel bands: its tables, and the calls of its kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcunet_tf.audio.form import ISA, EarSource
from mcunet_tf.audio.log_mel_settings import LogMelDescription
from mcunet_tf.audio.micro_form import said
from mcunet_tf.audio.wide import wide_split, wide_stage_factors
from mcunet_tf.tinyengine.kernel_tables.table import Blob
from mcunet_tf.tinyengine.signal.tables import input_places, log_table

_STRUCTS = """\
static const struct audio_wide_spectrum @name@_spectrum = {
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

static const struct audio_log_mel @name@_features = {
{features}};
"""
_COMPUTE = """\
  union audio_bin *const bins = (union audio_bin *)scratch->bins;
  audio_wide_window_portable(&@name@_spectrum, state->samples, bins);
  audio_wide_transform_@isa@(&@name@_spectrum, bins);
  audio_wide_{value}_@isa@(&@name@_spectrum, bins);
  audio_wide_bands_portable(&@name@_filters, bins, scratch->sums);
  audio_log_mel_portable(&@name@_features, scratch->sums, scratch->logs, row);
"""


def form(front_end: LogMelDescription) -> EarSource:
    """What of its C is its own."""
    points = str(front_end.transform_points // 2)
    features = "".join(f"    .{key} = {value},\n" for key, value in _features(front_end).items())
    structs = _STRUCTS.replace("{points}", points).replace("{features}", features)
    structs = structs.replace("{first_bin}", str(front_end.band_filters.first_bin))
    value = "magnitudes" if front_end.power == 1 else "energies"
    kernels = ["audio_wide_window_portable", "audio_wide_bands_portable", "audio_log_mel_portable"]
    kernels += [f"audio_wide_{part}_{ISA}" for part in ("transform", value)]
    return EarSource(
        said=said(front_end),
        tables=_tables(front_end),
        structs=structs,
        kernels=tuple(kernels),
        header="audio_wide",
        state="",
        scratch=(
            f"  uint64_t sums[@NAME@_BANDS];\n  uint64_t bins[{points}];\n"
            "  int32_t logs[@NAME@_BANDS];\n"
        ),
        compute=_COMPUTE.replace("{value}", value),
        row_type="int16_t" if front_end.output is None else "int8_t",
        values=front_end.row_values,
    )


def _tables(front_end: LogMelDescription) -> dict[str, Blob]:
    points, bands = front_end.transform_points // 2, front_end.band_filters
    counts = np.bincount(bands.edge, minlength=bands.count + 1)
    weights = np.stack([bands.falling, bands.rising], axis=-1).reshape(-1)
    found = {
        "window": Blob("int16_t", front_end.window),
        "places": Blob("uint16_t", input_places(points)),
        "twiddles": Blob("int32_t", wide_stage_factors(points).reshape(-1)),
        "split": Blob("int32_t", wide_split(points).reshape(-1)),
        "bins": Blob("uint16_t", counts.astype(np.uint16)),
        "weights": Blob("int16_t", weights),
        "logarithms": Blob("uint16_t", log_table()),
        "lows": Blob("uint64_t", front_end.lows),
        "bases": Blob("int32_t", front_end.bases),
    }
    if front_end.coefficients is not None:
        found["cosines"] = Blob("int16_t", front_end.cosines[0].reshape(-1))
    return found


def _features(front_end: LogMelDescription) -> dict[str, Any]:
    multiplier, shift = front_end.requantization
    fields: dict[str, Any] = {
        "logarithms": "@name@_logarithms",
        "lows": "@name@_lows",
        "bases": "@name@_bases",
        "bands": "@NAME@_BANDS",
        "adds": int(front_end.offset > 0),
        "multiplier": multiplier,
        "shift": shift,
        "zero_point": front_end.output.zero_point if front_end.output else 0,
        "wide": int(front_end.output is None),
    }
    if front_end.coefficients is not None:
        fields["cosines"] = "@name@_cosines"
        fields["coefficients"] = front_end.coefficients
        fields["cosine_bits"] = front_end.cosines[1]
    return fields
