/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_loop.h"

void average_pool_2d_f32_portable(const struct pool2d_f32 *op, const int8_t *const *in_rows,
                                  int8_t *const *out_rows, int32_t rows, void *scratch) {
  POOL_LOOP(0.0f, total + value, total / (float)count)
}
