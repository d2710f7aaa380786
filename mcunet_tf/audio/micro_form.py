# SPDX-License-Identifier: Apache-2.0
"""The C of TF-Lite Micro's audio front end: its tables, and the calls of its kernels."""

from __future__ import annotations

from typing import Any

from mcunet_tf.audio.description import Description
from mcunet_tf.audio.form import EarSource, band_tables, said, structs
from mcunet_tf.tinyengine.kernel_tables.table import Blob
from mcunet_tf.tinyengine.signal.tables import (
    complex_words,
    log_table,
    split_twiddles,
    stage_factors,
)

_COMPUTE = """\
  const int32_t shift = audio_window_@isa@(&@name@_spectrum, state->samples, scratch->values);
  audio_transform_@isa@(&@name@_spectrum, scratch->values, shift);
  audio_energies_@isa@(&@name@_spectrum, scratch->values);
  audio_bands_@isa@(&@name@_filters, scratch->values, scratch->sums);
  audio_features_@isa@(&@name@_features, scratch->sums, shift, state->averages, row);
"""


def form(front_end: Description) -> EarSource:
    """What of its C is its own."""
    values = front_end.transform_points // 2
    return EarSource(
        said=said(front_end),
        tables=_tables(front_end),
        structs=structs(front_end, "audio_spectrum", "audio_features", _features(front_end)),
        header="audio",
        state="  uint32_t averages[@NAME@_BANDS]; /* the noise of each band */\n",
        scratch=f"  int64_t sums[@NAME@_BANDS];\n  uint32_t values[{values}];\n",
        compute=_COMPUTE,
        row_type="uint16_t" if front_end.output is None else "int8_t",
    )


def _tables(front_end: Description) -> dict[str, Blob]:
    points = front_end.transform_points // 2
    found = {
        **band_tables(front_end),
        "twiddles": Blob("uint32_t", complex_words(stage_factors(points))),
        "split": Blob("uint32_t", complex_words(split_twiddles(points))),
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
