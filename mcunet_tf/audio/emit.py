# SPDX-License-Identifier: Apache-2.0
"""The C form of a front end: its tables, its state, and a function that takes samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.audio.description import Description
from mcunet_tf.boards import Board
from mcunet_tf.tinyengine.emit.constants import array_definition
from mcunet_tf.tinyengine.emit.names import checked_name
from mcunet_tf.tinyengine.emit.symbols import emitted_sources
from mcunet_tf.tinyengine.kernel_tables.table import Blob
from mcunet_tf.tinyengine.signal.tables import (
    complex_words,
    input_places,
    log_table,
    split_twiddles,
    stage_factors,
)
from mcunet_tf.version import __version__

Integers = npt.NDArray[Any]

_HEADER = """\
/* SPDX-License-Identifier: Apache-2.0
 *
 * @name@: @said@
 * Made by mcunet_tf @version@. Do not edit.
 *
 *   static struct @name@_state state;      zeros are the state before the first sample
 *   static struct @name@_scratch scratch;  used within a call only: other code may have it between
 *
 *   while (@name@_hear(&state, &scratch, &samples, &count, row)) {
 *     row holds the @NAME@_BANDS features of another window
 *   }
 *
 * Windows of @window@ samples begin every @hop@ samples. Integers only, no heap.
 */
#ifndef @NAME@_H_
#define @NAME@_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define @NAME@_SAMPLE_RATE @rate@
#define @NAME@_WINDOW_SAMPLES @window@
#define @NAME@_HOP_SAMPLES @hop@
#define @NAME@_BANDS @bands@

/* What is remembered from one call to the next. */
struct @name@_state {
  uint32_t averages[@NAME@_BANDS]; /* the noise of each band */
  int32_t known;                   /* samples of the next window that are there */
  int16_t samples[@NAME@_WINDOW_SAMPLES];
};

struct @name@_scratch {
  int64_t sums[@NAME@_BANDS];
  uint32_t values[@points@];
};

/* Forgets all sound. */
void @name@_reset(struct @name@_state *state);

/* Takes samples, any number, until a row is complete or none are left.
 *
 * samples, count: moved on by what was taken.
 * row: @NAME@_BANDS features.
 * Returns 1 where there is a new row and more may follow, 0 where no samples are left.
 */
int32_t @name@_hear(struct @name@_state *state, struct @name@_scratch *scratch,
@indent@const int16_t **samples, int32_t *count, @type@ *row);

#ifdef __cplusplus
}
#endif

#endif /* @NAME@_H_ */
"""

_SOURCE = """\
/* SPDX-License-Identifier: Apache-2.0
 *
 * @name@: @said@
 * Made by mcunet_tf @version@. Do not edit.
 */
#include "@name@.h"

#include <string.h>

#include "kernels/audio/audio.h"

#ifdef TINYENGINE_DEBUG
#include <assert.h>
#endif

@tables@
static const struct audio_spectrum @name@_spectrum = {
    .window = @name@_window,
    .places = @name@_places,
    .twiddles = @name@_twiddles,
    .split = @name@_split,
    .samples = @NAME@_WINDOW_SAMPLES,
    .points = @points@,
};

static const struct audio_bands @name@_filters = {
    .bins = @name@_bins,
    .weights = @name@_weights,
    .first_bin = @first_bin@,
    .bands = @NAME@_BANDS,
};

static const struct audio_features @name@_features = {
@features@};

void @name@_reset(struct @name@_state *state) { memset(state, 0, sizeof *state); }

int32_t @name@_hear(struct @name@_state *state, struct @name@_scratch *scratch,
@indent@const int16_t **samples, int32_t *count, @type@ *row) {
#ifdef TINYENGINE_DEBUG
  assert(state->known >= 0 && state->known < @NAME@_WINDOW_SAMPLES); /* reset before it is used */
  assert(*count >= 0);
#endif
  if (state->known < 0 || state->known >= @NAME@_WINDOW_SAMPLES) {
    @name@_reset(state);
  }
  if (*count <= 0) {
    return 0;
  }
  const int32_t missing = @NAME@_WINDOW_SAMPLES - state->known;
  const int32_t taken = *count < missing ? *count : missing;
  memcpy(state->samples + state->known, *samples, (size_t)taken * sizeof **samples);
  *samples += taken;
  *count -= taken;
  state->known += taken;
  if (taken < missing) {
    return 0;
  }
  const int32_t shift = audio_window_@isa@(&@name@_spectrum, state->samples, scratch->values);
  state->known = @NAME@_WINDOW_SAMPLES - @NAME@_HOP_SAMPLES;
  memmove(state->samples, state->samples + @NAME@_HOP_SAMPLES,
          (size_t)state->known * sizeof *state->samples);
  audio_transform_@isa@(&@name@_spectrum, scratch->values, shift);
  audio_energies_@isa@(&@name@_spectrum, scratch->values);
  audio_bands_portable(&@name@_filters, scratch->values, scratch->sums);
  audio_features_portable(&@name@_features, scratch->sums, shift, state->averages, row);
  return 1;
}
"""


def source_files(front_end: Description, name: str, board: Board) -> dict[str, str]:
    """All files of a front end's library by relative path.

    Raises:
        ModelError: the name is no fit prefix for C.
    """
    isa = "dsp" if "dsp" in board.isa else "portable"
    words = {
        "name": checked_name(name),
        "NAME": name.upper(),
        "said": _said(front_end),
        "version": __version__,
        "window": front_end.window_samples,
        "hop": front_end.hop_samples,
        "rate": front_end.sample_rate,
        "bands": front_end.bands,
        "points": front_end.transform_points // 2,
        "first_bin": front_end.band_filters.first_bin,
        "type": "uint16_t" if front_end.output is None else "int8_t",
        "isa": isa,
        "indent": " " * len(f"int32_t {name}_hear("),
        "tables": "".join(
            f"static {array_definition(f'{name}_{part}', blob)}\n"
            for part, blob in _tables(front_end).items()
        ),
        "features": "".join(
            f"    .{field} = {value},\n" for field, value in _features(front_end, name).items()
        ),
    }
    kernels = [f"audio_{part}_{isa}" for part in ("window", "transform", "energies")]
    kernels += ["audio_bands_portable", "audio_features_portable"]
    copied = emitted_sources(["audio/audio.h", *(f"audio/{kernel}.c" for kernel in kernels)])
    return {
        f"{name}.h": _filled(_HEADER, words),
        f"{name}.c": _filled(_SOURCE, words),
        **{f"kernels/{path}": text for path, text in copied.items()},
    }


def _filled(template: str, words: dict[str, Any]) -> str:
    for word, value in words.items():
        template = template.replace(f"@{word}@", str(value))
    return template


def _said(front_end: Description) -> str:
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


def _features(front_end: Description, name: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"bands": f"{name.upper()}_BANDS"}
    if front_end.noise_reduction is not None:
        even, odd, least = front_end.noise_factors
        fields["smoothing"] = f"{{{even}, {odd}}}"
        fields["least"] = least
        fields["smoothing_bits"] = front_end.noise_reduction.smoothing_bits
    if front_end.gain_control is not None:
        fields["gains"] = f"{name}_gains"
        fields["snr_shift"] = front_end.snr_shift
    if front_end.log_shift is not None:
        fields["logarithms"] = f"{name}_logarithms"
        fields["correction_bits"] = front_end.correction_bits
        fields["log_scale"] = 1 << front_end.log_shift
    if front_end.output is not None:
        fields["multiplier"] = front_end.output.multiplier
        fields["divisor"] = front_end.output.divisor
        fields["zero_point"] = front_end.output.zero_point
    return fields
