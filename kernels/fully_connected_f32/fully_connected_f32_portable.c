/* SPDX-License-Identifier: Apache-2.0 */
#include "fully_connected_f32.h"

#include <string.h>

#include "../common/real.h"

void fully_connected_f32_portable(const struct fully_connected_f32 *op, const int8_t *in,
                                  int8_t *out, int32_t pixels, void *scratch) {
  (void)scratch;
  const float *values = reals(in);
  float *results = reals_out(out);
  for (int32_t p = 0; p < pixels; p++) {
    const float *weights = op->weights;
    for (int32_t o = 0; o < op->outputs; o += DENSE_BLOCK) {
      float sums[DENSE_BLOCK];
      memcpy(sums, &op->bias[o], sizeof sums);
      dense_add_f32(sums, values, weights, op->inputs);
      weights += op->inputs * DENSE_BLOCK;
      const int32_t rest = op->outputs - o;
      const int32_t count = rest < DENSE_BLOCK ? rest : DENSE_BLOCK;
      for (int32_t k = 0; k < count; k++) {
        *results++ = clamp_f32(sums[k], op->out_min, op->out_max);
      }
    }
    values += op->inputs;
  }
}
