/* SPDX-License-Identifier: Apache-2.0 */
#include "arg_max.h"

#include <stddef.h>
#include <string.h>

void arg_max_s8_portable(const struct arg_max *op, const int8_t *in, int8_t *out, void *scratch) {
  (void)scratch;
  for (int32_t o = 0; o < op->outer; o++) {
    for (int32_t i = 0; i < op->inner; i++) {
      const int8_t *next = &in[i];
      int32_t best = INT32_MIN;
      int32_t index[2] = {0, 0};
      for (int32_t n = 0; n < op->count; n++) {
        const int32_t value = *next ^ op->flip;
        /* The first of equal values stays. */
        if (value > best) {
          best = value;
          index[0] = n;
        }
        next += op->inner;
      }
      memcpy(out, index, (size_t)op->out_bytes);
      out += op->out_bytes;
    }
    in += op->count * op->inner;
  }
}
