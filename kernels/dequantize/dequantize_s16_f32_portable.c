/* SPDX-License-Identifier: Apache-2.0 */
#include "dequantize.h"

#include <string.h>

#include "../common/values_s16.h"

void dequantize_s16_f32_portable(const struct dequantize_f32 *op, const int8_t *in, int8_t *out,
                                 int32_t pixels, void *scratch) {
  (void)scratch;
  const int32_t count = pixels * op->channels;
  const arena_s16 *from = read_s16(in);
  for (int32_t i = 0; i < count; i++) {
    /* A 24-bit scale times a 17-bit integer is rounded once, as the reference's double product is.
     * */
    const float value = op->scale * (float)((int32_t)from[i] - op->zero_point);
    memcpy(&out[i * 4], &value, sizeof value);
  }
}
