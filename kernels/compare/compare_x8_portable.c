/* SPDX-License-Identifier: Apache-2.0 */
#include "compare_loop.h"

void compare_x8_portable(const struct compare *op, const int8_t *full, const int8_t *other,
                         int8_t *out, int32_t pixels, void *scratch) {
  COMPARE_LOOP(int8_t, values[i], others[i])
}
