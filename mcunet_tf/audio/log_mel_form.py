# SPDX-License-Identifier: Apache-2.0
"""The C of a front end of logarithms of mel bands: its tables, and the calls of its kernels."""

from __future__ import annotations

from typing import Any

from mcunet_tf.audio.form import EarSource, band_tables, said, structs
from mcunet_tf.audio.log_mel_settings import LogMelDescription
from mcunet_tf.audio.wide import wide_split, wide_stage_factors
from mcunet_tf.tinyengine.kernel_tables.table import Blob
from mcunet_tf.tinyengine.signal.tables import log_table

_COMPUTE = """\
  union audio_bin *const bins = (union audio_bin *)scratch->bins;
  audio_wide_window_@isa@(&@name@_spectrum, state->samples, bins);
  audio_wide_transform_@isa@(&@name@_spectrum, bins);
  audio_wide_{value}_@isa@(&@name@_spectrum, bins);
  audio_wide_bands_@isa@(&@name@_filters, bins, scratch->sums);
  audio_log_mel_@isa@(&@name@_features, scratch->sums, scratch->logs, row);
"""


def form(front_end: LogMelDescription) -> EarSource:
    """What of its C is its own."""
    points = front_end.transform_points // 2
    value = "magnitudes" if front_end.power == 1 else "energies"
    return EarSource(
        said=said(front_end),
        tables=_tables(front_end),
        structs=structs(front_end, "audio_wide_spectrum", "audio_log_mel", _features(front_end)),
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
    points = front_end.transform_points // 2
    found = {
        **band_tables(front_end),
        "twiddles": Blob("int32_t", wide_stage_factors(points).reshape(-1)),
        "split": Blob("int32_t", wide_split(points).reshape(-1)),
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
