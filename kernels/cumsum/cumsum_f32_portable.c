/* SPDX-License-Identifier: Apache-2.0 */
#include "../common/real.h"
#include "cumsum_loop.h"

void cumsum_f32_portable(const struct cumsum *op, const int8_t *in, int8_t *out, void *scratch) {
  CUMSUM_LOOP(op, float, 0.0f, reals(in)[at], reals_out(out)[at] = kept)
}
