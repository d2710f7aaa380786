/* SPDX-License-Identifier: Apache-2.0 */
#include "../add/add_any_dsp.h"
#include "sub.h"

void sub_broadcast_s8_any_dsp(const struct sub_s8 *op, const int8_t *first, const int8_t *second,
                              int8_t *out, int32_t pixels, void *scratch) {
  (void)scratch;
  const struct add_any_dsp with = add_prepare_any(&op->sum);
  const int32_t period = op->sum.period;
  const int first_is_coarse = add_first_is_coarse(&op->sum);
  const int32_t sign = first_is_coarse ? op->sign : -op->sign;
  for (int32_t p = 0; p < pixels; p++, first += period, out += period) {
    add_run_any(&with, first_is_coarse ? first : second, first_is_coarse ? second : first, out,
                period, -1, sign);
  }
}
