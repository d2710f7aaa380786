/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "../common/copy_bytes.h"
#include "pad.h"

static int8_t *fill(int8_t *out, int32_t value, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    memcpy(out, &value, sizeof value);
    out += sizeof value;
  }
  return out;
}

void pad_s32_portable(const struct pad_s8 *op, const int8_t *in, int8_t *out, void *scratch) {
  (void)scratch;
  const int32_t run = op->size[3] * (int32_t)sizeof(int32_t);
  /* Values of one step along each axis of the output. */
  int32_t step[PAD_AXES];
  step[PAD_AXES - 1] = 1;
  for (int32_t axis = PAD_AXES - 1; axis > 0; axis--) {
    step[axis - 1] = step[axis] * (op->before[axis] + op->size[axis] + op->after[axis]);
  }
  out = fill(out, op->value, op->before[0] * step[0]);
  for (int32_t n = 0; n < op->size[0]; n++) {
    out = fill(out, op->value, op->before[1] * step[1]);
    for (int32_t y = 0; y < op->size[1]; y++) {
      out = fill(out, op->value, op->before[2] * step[2]);
      for (int32_t x = 0; x < op->size[2]; x++) {
        out = fill(out, op->value, op->before[3]);
        copy_bytes(out, in, (size_t)run);
        in += run;
        out = fill(out + run, op->value, op->after[3]);
      }
      out = fill(out, op->value, op->after[2] * step[2]);
    }
    out = fill(out, op->value, op->after[1] * step[1]);
  }
  fill(out, op->value, op->after[0] * step[0]);
}
