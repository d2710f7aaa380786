/* SPDX-License-Identifier: Apache-2.0 */
#include "curve_points.h"

void logistic_s16_portable(const struct curve_s16 *op, const int8_t *in, int8_t *out,
                           int32_t pixels, void *scratch) {
  (void)scratch;
  const arena_s16 *from = read_s16(in);
  arena_s16 *to = write_s16(out);
  const int32_t count = pixels * op->channels;
  for (int32_t i = 0; i < count; i++) {
    const int32_t x = curve_input(op, from[i]);
    const int32_t above = curve_at(op, curve_magnitude(x), 9, 0x7FFF << 10);
    const int32_t result = x >= 0 ? above : (1 << 25) - 1 - above;
    to[i] = (int16_t)((result + (1 << 9)) >> 10);
  }
}
