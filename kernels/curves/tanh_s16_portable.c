/* SPDX-License-Identifier: Apache-2.0 */
#include "curve_points.h"

void tanh_s16_portable(const struct curve_s16 *op, const int8_t *in, int8_t *out, int32_t pixels,
                       void *scratch) {
  (void)scratch;
  const arena_s16 *from = read_s16(in);
  arena_s16 *to = write_s16(out);
  const int32_t count = pixels * op->channels;
  for (int32_t i = 0; i < count; i++) {
    const int32_t x = curve_input(op, from[i]);
    const int32_t above = curve_at(op, curve_magnitude(x), 8, 0xFFFF << 8) - (1 << 23);
    const int32_t result = x >= 0 ? above : -above - 1;
    to[i] = (int16_t)((result + (1 << 7)) >> 8);
  }
}
