/* SPDX-License-Identifier: Apache-2.0 */
#include "mul_any_dsp.h"

void mul_broadcast_s8_any_dsp(const struct mul_s8 *op, const int8_t *first, const int8_t *second,
                              int8_t *out, int32_t pixels, void *scratch) {
  (void)scratch;
  const int32_t period = op->period;
  for (int32_t p = 0; p < pixels; p++, first += period, out += period) {
    mul_run_any(op, first, second, out, period);
  }
}
