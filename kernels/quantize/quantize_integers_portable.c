/* SPDX-License-Identifier: Apache-2.0 */
#include "quantize.h"

#include <string.h>

#include "../common/values_s16.h"

static int32_t load(const int8_t *from, int32_t size_bytes) {
  if (size_bytes == 1) {
    return *from;
  }
  if (size_bytes == 2) {
    return *read_s16(from);
  }
  int32_t value;
  memcpy(&value, from, sizeof value);
  return value;
}

static void store(int8_t *to, int32_t size_bytes, int64_t value) {
  if (size_bytes == 1) {
    *to = (int8_t)(value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value);
  } else if (size_bytes == 2) {
    *write_s16(to) = (int16_t)(value < INT16_MIN   ? INT16_MIN
                               : value > INT16_MAX ? INT16_MAX
                                                   : value);
  } else {
    const int32_t word = (int32_t)(value < INT32_MIN   ? INT32_MIN
                                   : value > INT32_MAX ? INT32_MAX
                                                       : value);
    memcpy(to, &word, sizeof word);
  }
}

void quantize_integers_portable(const struct quantize_integers *op, const int8_t *in, int8_t *out,
                                int32_t pixels, void *scratch) {
  (void)scratch;
  const int32_t count = pixels * op->channels;
  for (int32_t i = 0; i < count; i++) {
    const int32_t centred =
        (int32_t)((uint32_t)load(in, op->in_bytes) - (uint32_t)op->in_zero_point);
    const int32_t scaled = requantize(centred, op->multiplier, op->shift);
    store(out, op->out_bytes, (int64_t)scaled + op->out_zero_point);
    in += op->in_bytes;
    out += op->out_bytes;
  }
}
