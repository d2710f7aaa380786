/* SPDX-License-Identifier: Apache-2.0 */
#include "add_run_s16_dsp.h"

void add_s16_dsp(const struct add_s8 *op, const int8_t *first, const int8_t *second, int8_t *out,
                 int32_t pixels, void *scratch) {
  (void)scratch;
  add_run_s16_dsp(op, read_s16(first), read_s16(second), write_s16(out), pixels * op->period);
}
