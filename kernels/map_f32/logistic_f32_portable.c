/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "map_loop.h"

void logistic_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                           void *scratch) {
  MAP_LOOP(1.0f / (1.0f + expf(-x)))
}
