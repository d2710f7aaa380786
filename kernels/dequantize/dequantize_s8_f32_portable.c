/* SPDX-License-Identifier: Apache-2.0 */
#include "dequantize.h"

#include <string.h>

void dequantize_s8_f32_portable(const struct dequantize_f32 *op, const int8_t *in, int8_t *out,
                                int32_t pixels, void *scratch) {
  (void)scratch;
  const int32_t count = pixels * op->channels;
  for (int32_t i = 0; i < count; i++) {
    /* A 24-bit scale times a 9-bit integer is rounded once, as the reference's double product is.
     * */
    const float value = op->scale * (float)((int32_t)in[i] - op->zero_point);
    memcpy(&out[i * 4], &value, sizeof value);
  }
}
