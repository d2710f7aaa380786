/* SPDX-License-Identifier: Apache-2.0 */
#include "pairs_loop.h"

void maximum_f32_portable(const struct pairs_f32 *op, const int8_t *full, const int8_t *other,
                          int8_t *out, int32_t pixels, void *scratch) {
  PAIRS_LOOP(first > second ? first : second)
}
