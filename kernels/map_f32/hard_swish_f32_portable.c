/* SPDX-License-Identifier: Apache-2.0 */
#include "map_loop.h"

void hard_swish_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out,
                             int32_t pixels, void *scratch) {
  MAP_LOOP(x * clamp_f32(x + 3.0f, 0.0f, 6.0f) / 6.0f)
}
