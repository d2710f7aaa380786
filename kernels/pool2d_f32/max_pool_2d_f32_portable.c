/* SPDX-License-Identifier: Apache-2.0 */
#include <float.h>

#include "pool_loop.h"

void max_pool_2d_f32_portable(const struct pool2d_f32 *op, const int8_t *const *in_rows,
                              int8_t *const *out_rows, int32_t rows, void *scratch) {
  POOL_LOOP(-FLT_MAX, value > total ? value : total, count ? total : 0.0f)
}
