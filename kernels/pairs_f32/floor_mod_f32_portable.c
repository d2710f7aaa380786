/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "pairs_loop.h"

/* The remainder that has the divisor's sign. */
static float floor_mod_f32(float first, float second) {
  const float rest = fmodf(first, second);
  return rest != 0.0f && (second < 0.0f) != (rest < 0.0f) ? rest + second : rest;
}

void floor_mod_f32_portable(const struct pairs_f32 *op, const int8_t *full, const int8_t *other,
                            int8_t *out, int32_t pixels, void *scratch) {
  PAIRS_LOOP(floor_mod_f32(first, second))
}
