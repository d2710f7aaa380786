# SPDX-License-Identifier: Apache-2.0
"""The C form of a front end: its tables, its state, and a function that takes samples."""

from __future__ import annotations

import re
from typing import Any

from mcunet_tf.audio.form import ISA, EarSource
from mcunet_tf.boards import Board
from mcunet_tf.tinyengine.emit.constants import array_definition
from mcunet_tf.tinyengine.emit.names import checked_name
from mcunet_tf.tinyengine.emit.sources import kernel_names
from mcunet_tf.tinyengine.emit.symbols import emitted_sources
from mcunet_tf.version import __version__

_KERNEL = re.compile(rf"(audio_\w+)_{ISA}")
_FASTEST = ("mve", "dsp")

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
 *     row holds the @NAME@_VALUES features of another window
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
#define @NAME@_VALUES @values@ /* of a row */

/* What is remembered from one call to the next. */
struct @name@_state {
@state@  int32_t known;                   /* samples of the next window that are there */
  int16_t samples[@NAME@_WINDOW_SAMPLES];
};

struct @name@_scratch {
@scratch@};

/* Forgets all sound. */
void @name@_reset(struct @name@_state *state);

/* Takes samples, any number, until a row is complete or none are left.
 *
 * samples, count: moved on by what was taken.
 * row: @NAME@_VALUES features.
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

#include "kernels/audio/@header@.h"

#ifdef TINYENGINE_DEBUG
#include <assert.h>
#endif

@tables@
@structs@
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
@compute@  state->known = @NAME@_WINDOW_SAMPLES - @NAME@_HOP_SAMPLES;
  memmove(state->samples, state->samples + @NAME@_HOP_SAMPLES,
          (size_t)state->known * sizeof *state->samples);
  return 1;
}
"""


def source_files(front_end: Any, form: EarSource, name: str, board: Board) -> dict[str, str]:
    """All files of a front end's library by relative path.

    Raises:
        ModelError: the name is no fit prefix for C.
    """
    kernels = {base: _fastest(base, board) for base in _KERNEL.findall(form.compute)}
    words = {
        "tables": "".join(
            f"static {array_definition(f'{name}_{part}', blob)}\n"
            for part, blob in form.tables.items()
        ),
        "structs": form.structs,
        "state": form.state,
        "scratch": form.scratch,
        "compute": _KERNEL.sub(lambda called: kernels[called[1]], form.compute),
        "header": form.header,
        "type": form.row_type,
        "values": form.values or front_end.bands,
        "name": checked_name(name),
        "NAME": name.upper(),
        "said": form.said,
        "version": __version__,
        "window": front_end.window_samples,
        "hop": front_end.hop_samples,
        "rate": front_end.sample_rate,
        "bands": front_end.bands,
        "indent": " " * len(f"int32_t {name}_hear("),
    }
    headers = [f"audio/{form.header}.h"]
    copied = emitted_sources([*headers, *(f"audio/{kernel}.c" for kernel in kernels.values())])
    return {
        f"{name}.h": filled(_HEADER, words),
        f"{name}.c": filled(_SOURCE, words),
        **{f"kernels/{path}": text for path, text in copied.items()},
    }


def _fastest(base: str, board: Board) -> str:
    """The kernel of that name for the best instruction set that the board has."""
    known = kernel_names("audio")
    names = (f"{base}_{isa}" for isa in (*_FASTEST, "portable") if isa in (*board.isa, "portable"))
    return next(name for name in names if name in known)


def filled(template: str, words: dict[str, Any]) -> str:
    """A template whose `@word@`s are replaced, in their order."""
    for word, value in words.items():
        template = template.replace(f"@{word}@", str(value))
    return template
