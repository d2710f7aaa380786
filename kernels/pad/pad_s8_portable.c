/* SPDX-License-Identifier: Apache-2.0 */
#include "pad.h"

#include <stddef.h>
#include <string.h>

#include "../common/copy_bytes.h"

static int8_t *fill(int8_t *out, int32_t value, int32_t count) {
  memset(out, value, (size_t)count);
  return out + count;
}

void pad_s8_portable(const struct pad_s8 *op, const int8_t *in, int8_t *out, void *scratch) {
  (void)scratch;
  /* Bytes of one step along each axis of the output. */
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
        copy_bytes(out, in, (size_t)op->size[3]);
        in += op->size[3];
        out = fill(out + op->size[3], op->value, op->after[3]);
      }
      out = fill(out, op->value, op->after[2] * step[2]);
    }
    out = fill(out, op->value, op->after[1] * step[1]);
  }
  fill(out, op->value, op->after[0] * step[0]);
}
