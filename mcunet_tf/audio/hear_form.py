# SPDX-License-Identifier: Apache-2.0
"""The C of a spotter: `<name>_hear` takes samples and says when the network has a new result."""

from __future__ import annotations

from typing import Any

from mcunet_tf.audio.emit import filled
from mcunet_tf.tinyengine.emit.constants import array_definition
from mcunet_tf.tinyengine.emit.symbols import emitted_sources
from mcunet_tf.tinyengine.kernel_tables.table import uint8_blob
from mcunet_tf.version import __version__

_HEADER = """\
/* SPDX-License-Identifier: Apache-2.0
 *
 * @name@: from samples to words. Made by mcunet_tf @version@. Do not edit.
 *
 *   static struct @name@_ear ear;              may not be moved once it is reset
 *   static union @name@_ear_scratch scratch;   other code may have it between calls
 *   @name@_ear_reset(&ear);
 *
 *   while (@name@_hear(&ear, &scratch, &samples, &count)) {
 *     there is a new result: ear.scores, and ear.word, which is -1 or the word that was detected
 *   }
 *
 * The network takes @rows@ rows of features, @new@ of them new in each call; a row is @row_ms@ ms.
 */
#ifndef @NAME@_HEAR_H_
#define @NAME@_HEAR_H_

#include <stdint.h>

#include "@name@.h"
#include "@name@_front.h"
#include "kernels/audio/audio_detect.h"

#ifdef __cplusplus
extern "C" {
#endif

#define @NAME@_EAR_ROWS @rows@
#define @NAME@_EAR_NEW_ROWS @new@
#define @NAME@_EAR_WARM_UP @warm_up@
#define @NAME@_EAR_DELAY @delay@
#define @NAME@_EAR_SCORES @scores@
#define @NAME@_EAR_AVERAGE @average@

/* What is remembered from one call to the next. */
struct @name@_ear {
  struct @name@_front_state front;
  struct audio_detections detections;
  uint32_t begun; /* says that it was reset */
  int32_t rows;   /* that are there */
  int32_t unheard; /* results to come that are made of rows never given */
  int32_t word;    /* the last result's: a label's number, or -1 */
  int32_t sums[@NAME@_EAR_SCORES];
  int16_t history[@NAME@_EAR_AVERAGE * @NAME@_EAR_SCORES];
  @type@ scores[@NAME@_EAR_SCORES]; /* the last result */
  int8_t input[@NAME@_EAR_ROWS * @NAME@_FRONT_VALUES];
@state@};

union @name@_ear_scratch {
  struct @name@_front_scratch front;
  int8_t arena[@NAME@_ARENA_BYTES + @NAME@_ARENA_ALIGNMENT];
};

/* What the numbers of words stand for. */
extern const char *const @name@_labels[@NAME@_EAR_SCORES];

/* Forgets all sound: call it before the first sample. */
void @name@_ear_reset(struct @name@_ear *ear);

/* Takes samples, any number, until the network has a new result or none are left.
 *
 * samples, count: moved on by what was taken.
 * Returns 1 where there is a new result and more may follow, 0 where no samples are left.
 */
int32_t @name@_hear(struct @name@_ear *ear, union @name@_ear_scratch *scratch,
@indent@const int16_t **samples, int32_t *count);

#ifdef __cplusplus
}
#endif

#endif /* @NAME@_HEAR_H_ */
"""

_SOURCE = """\
/* SPDX-License-Identifier: Apache-2.0
 *
 * @name@: from samples to words. Made by mcunet_tf @version@. Do not edit.
 */
#include "@name@_hear.h"

#include <string.h>

#ifdef TINYENGINE_DEBUG
#include <assert.h>
#endif

#define BEGUN 0x4541525Au

const char *const @name@_labels[@NAME@_EAR_SCORES] = {@labels@};

static @listened@
static const struct audio_detector @name@_detector = {
    .listened = @name@_listened,
    .scores = @NAME@_EAR_SCORES,
    .average = @NAME@_EAR_AVERAGE,
    .limit = @limit@,
    .refractory = @refractory@,
};

static int8_t *aligned(int8_t *memory) {
  const uintptr_t beyond = (uintptr_t)memory % @NAME@_ARENA_ALIGNMENT;
  return beyond ? memory + (@NAME@_ARENA_ALIGNMENT - beyond) : memory;
}

void @name@_ear_reset(struct @name@_ear *ear) {
  memset(ear, 0, sizeof *ear);
  ear->begun = BEGUN;
  ear->word = -1;
  ear->unheard = @NAME@_EAR_WARM_UP;
@reset@}

static void invoke(struct @name@_ear *ear, union @name@_ear_scratch *scratch) {
  int8_t *const arena = aligned(scratch->arena);
  memcpy(@name@_input_0(arena), ear->input, sizeof ear->input);
  @name@_invoke(@memories@);
  memcpy(ear->scores, @name@_output_0(arena), sizeof ear->scores);
  ear->rows = @NAME@_EAR_ROWS - @NAME@_EAR_NEW_ROWS;
  memmove(ear->input, ear->input + @NAME@_EAR_NEW_ROWS * @NAME@_FRONT_VALUES,
          (size_t)ear->rows * @NAME@_FRONT_VALUES);
}

static int32_t detect(struct @name@_ear *ear) {
  int16_t steps[@NAME@_EAR_SCORES];
  for (int32_t i = 0; i < @NAME@_EAR_SCORES; i++) {
    steps[i] = (int16_t)(ear->scores[i] - (@zero_point@));
  }
  return audio_detect_portable(&@name@_detector, &ear->detections, steps, ear->history, ear->sums);
}

int32_t @name@_hear(struct @name@_ear *ear, union @name@_ear_scratch *scratch,
@indent@const int16_t **samples, int32_t *count) {
#ifdef TINYENGINE_DEBUG
  assert(ear->begun == BEGUN); /* @name@_ear_reset comes before the first sample */
#endif
  if (ear->begun != BEGUN) {
    @name@_ear_reset(ear);
  }
  while (@name@_front_hear(&ear->front, &scratch->front, samples, count,
                           ear->input + ear->rows * @NAME@_FRONT_VALUES)) {
    if (++ear->rows < @NAME@_EAR_ROWS) {
      continue;
    }
    invoke(ear, scratch);
    if (ear->unheard > 0) {
      ear->unheard--;
      continue;
    }
    ear->word = detect(ear);
    return 1;
  }
  return 0;
}
"""
_EXAMPLE = """\
/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads samples of 16 bits from standard input and prints the words that it hears.
 */
#include <stdio.h>

#include "@name@_hear.h"

#define PIECE 160 /* a DMA's half buffer, for instance */

static struct @name@_ear ear;
static union @name@_ear_scratch scratch;

int main(void) {
  static int16_t heard[PIECE];
  double seconds = 0;
  @name@_ear_reset(&ear);
  for (;;) {
    const int16_t *samples = heard;
    int32_t count = (int32_t)fread(heard, sizeof *heard, PIECE, stdin);
    if (count == 0) {
      return 0;
    }
    seconds += (double)count / @NAME@_FRONT_SAMPLE_RATE;
    while (@name@_hear(&ear, &scratch, &samples, &count)) {
      if (ear.word >= 0) {
        printf("%.2f s  %s\\n", seconds, @name@_labels[ear.word]);
      }
    }
  }
}
"""
_STATE = "  int8_t network[@NAME@_STATE_BYTES + @NAME@_ARENA_ALIGNMENT];\n"


def source_files(spotter: Any) -> dict[str, str]:
    """`<name>_hear.h`, `<name>_hear.c` and the kernel that detects, by relative path."""
    network, detector, front_end = spotter.network, spotter.detector, spotter.front_end
    name, remembers = network.name, network.state_bytes > 0
    state = "aligned(ear->network)"
    words: dict[str, Any] = {
        "state": _STATE if remembers else "",
        "reset": f"  @name@_reset({state});\n" if remembers else "",
        "memories": f"arena, {state}" if remembers else "arena",
        "listened": array_definition(f"{name}_listened", uint8_blob(detector.listened)),
        "labels": ", ".join(_quoted(label) for label in detector.labels),
        "name": name,
        "NAME": name.upper(),
        "version": __version__,
        "rows": spotter.rows,
        "new": spotter.new_rows,
        "row_ms": front_end.hop_ms,
        "warm_up": spotter.warm_up,
        "delay": spotter.delay,
        "scores": len(detector.labels),
        "average": detector.average,
        "limit": detector.limit(spotter.scale),
        "refractory": detector.refractory,
        "zero_point": spotter.zero_point,
        "type": f"{network.outputs[0].dtype}_t",
        "indent": " " * len(f"int32_t {name}_hear("),
    }
    copied = emitted_sources(["audio/audio_detect.h", "audio/audio_detect_portable.c"])
    return {
        f"{name}_hear.h": filled(_HEADER, words),
        f"{name}_hear.c": filled(_SOURCE, words),
        **{f"kernels/{path}": text for path, text in copied.items()},
    }


def example(name: str) -> str:
    """`main.c` of a spotter."""
    return filled(_EXAMPLE, {"name": name, "NAME": name.upper()})


def _quoted(label: str) -> str:
    """A label as a C string: bytes that are no plain ones are written as octal numbers."""
    plain = "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}"
        for byte in label.encode()
    )
    return f'"{plain}"'
