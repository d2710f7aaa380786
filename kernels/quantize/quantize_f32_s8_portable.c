/* SPDX-License-Identifier: Apache-2.0 */
#include "quantize.h"

#include <string.h>

void quantize_f32_s8_portable(const struct quantize_f32_s8 *op, const int8_t *in, int8_t *out,
                              int32_t pixels, void *scratch) {
  (void)scratch;
  const int32_t count = pixels * op->channels;
  for (int32_t i = 0; i < count; i++) {
    float value;
    /* The arena is bytes: a copy keeps the compiler's aliasing rules, and lets `out` be `in`. */
    memcpy(&value, &in[i * 4], sizeof value);
    const float real = value / op->scale;
    /* Beyond +-512 every result saturates; the bound keeps the conversion to int defined, NaN
     * included. */
    const float bounded = real > -512.0f ? (real < 512.0f ? real : 512.0f) : -512.0f;
    const int32_t whole = (int32_t)bounded;
    const float fraction = bounded - (float)whole;
    const int32_t rounded = whole + (fraction >= 0.5f ? 1 : 0) - (fraction <= -0.5f ? 1 : 0);
    out[i] = clamp_s8(rounded + op->zero_point, INT8_MIN, INT8_MAX);
  }
}
