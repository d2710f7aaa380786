/* SPDX-License-Identifier: Apache-2.0 */
#include "quantize.h"

#include <string.h>

#include "../common/values_s16.h"

void quantize_f32_s16_portable(const struct quantize_f32_s8 *op, const int8_t *in, int8_t *out,
                               int32_t pixels, void *scratch) {
  (void)scratch;
  const int32_t count = pixels * op->channels;
  arena_s16 *to = write_s16(out);
  for (int32_t i = 0; i < count; i++) {
    float value;
    /* The arena is bytes: a copy keeps the compiler's aliasing rules, and lets `out` be `in`. */
    memcpy(&value, &in[i * 4], sizeof value);
    const float real = value / op->scale;
    /* Beyond +-70000 every result saturates; the bound keeps the conversion to int defined, NaN
     * included. */
    const float bounded = real > -70000.0f ? (real < 70000.0f ? real : 70000.0f) : -70000.0f;
    const int32_t whole = (int32_t)bounded;
    const float fraction = bounded - (float)whole;
    const int32_t rounded = whole + (fraction >= 0.5f ? 1 : 0) - (fraction <= -0.5f ? 1 : 0);
    to[i] = clamp_s16(rounded + op->zero_point, INT16_MIN, INT16_MAX);
  }
}
