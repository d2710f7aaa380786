/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "../common/real.h"
#include "arg_max.h"

void arg_max_f32_portable(const struct arg_max *op, const int8_t *in, int8_t *out, void *scratch) {
  (void)scratch;
  const float *values = reals(in);
  const float sign = op->flip ? -1.0f : 1.0f;
  for (int32_t o = 0; o < op->outer; o++) {
    for (int32_t i = 0; i < op->inner; i++) {
      const float *next = &values[i];
      float best = *next * sign;
      int32_t index[2] = {0, 0};
      for (int32_t n = 1; n < op->count; n++) {
        next += op->inner;
        /* The first of equal values stays; NaN is no better than any. */
        if (*next * sign > best) {
          best = *next * sign;
          index[0] = n;
        }
      }
      memcpy(out, index, (size_t)op->out_bytes);
      out += op->out_bytes;
    }
    values += op->count * op->inner;
  }
}
