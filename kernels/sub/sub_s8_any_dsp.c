/* SPDX-License-Identifier: Apache-2.0 */
#include "../add/add_any_dsp.h"
#include "sub.h"

void sub_s8_any_dsp(const struct sub_s8 *op, const int8_t *first, const int8_t *second, int8_t *out,
                    int32_t pixels, void *scratch) {
  (void)scratch;
  const struct add_any_dsp with = add_prepare_any(&op->sum);
  const int32_t count = pixels * op->sum.period;
  if (add_first_is_coarse(&op->sum)) {
    add_run_any(&with, first, second, out, count, -1, op->sign);
  } else {
    add_run_any(&with, second, first, out, count, -1, -op->sign);
  }
}
