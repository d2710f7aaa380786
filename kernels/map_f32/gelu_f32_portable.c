/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "map_loop.h"

static float gelu_by_tanh(float x) {
  return 0.5f * x * (1.0f + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
}

void gelu_f32_portable(const struct map_f32 *op, const int8_t *in, int8_t *out, int32_t pixels,
                       void *scratch) {
  MAP_LOOP(op->alpha != 0.0f ? gelu_by_tanh(x) : 0.5f * x * erfcf(x * -0.70710678f))
}
