/* SPDX-License-Identifier: Apache-2.0 */
#include "pad.h"

#include <stddef.h>

#include "../common/copy_bytes.h"
#include "../common/values_s16.h"

static arena_s16 *fill(arena_s16 *out, int32_t value, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    out[i] = (int16_t)value;
  }
  return out + count;
}

void pad_s16_portable(const struct pad_s8 *op, const int8_t *in, int8_t *out, void *scratch) {
  (void)scratch;
  const arena_s16 *from = read_s16(in);
  arena_s16 *to = write_s16(out);
  /* Values of one step along each axis of the output. */
  int32_t step[PAD_AXES];
  step[PAD_AXES - 1] = 1;
  for (int32_t axis = PAD_AXES - 1; axis > 0; axis--) {
    step[axis - 1] = step[axis] * (op->before[axis] + op->size[axis] + op->after[axis]);
  }
  to = fill(to, op->value, op->before[0] * step[0]);
  for (int32_t n = 0; n < op->size[0]; n++) {
    to = fill(to, op->value, op->before[1] * step[1]);
    for (int32_t y = 0; y < op->size[1]; y++) {
      to = fill(to, op->value, op->before[2] * step[2]);
      for (int32_t x = 0; x < op->size[2]; x++) {
        to = fill(to, op->value, op->before[3]);
        copy_bytes(to, from, (size_t)op->size[3] * sizeof *to);
        from += op->size[3];
        to = fill(to + op->size[3], op->value, op->after[3]);
      }
      to = fill(to, op->value, op->after[2] * step[2]);
    }
    to = fill(to, op->value, op->after[1] * step[1]);
  }
  fill(to, op->value, op->after[0] * step[0]);
}
