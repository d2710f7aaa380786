/* SPDX-License-Identifier: Apache-2.0 */
#include "mul_run_s16_dsp.h"

void mul_s16_dsp(const struct mul_s8 *op, const int8_t *first, const int8_t *second, int8_t *out,
                 int32_t pixels, void *scratch) {
  (void)scratch;
  mul_run_s16_dsp(op, read_s16(first), read_s16(second), write_s16(out), pixels * op->period);
}
