/* SPDX-License-Identifier: Apache-2.0 */
#include "add_any_dsp.h"

void add_s8_any_dsp(const struct add_s8 *op, const int8_t *first, const int8_t *second, int8_t *out,
                    int32_t pixels, void *scratch) {
  (void)scratch;
  const struct add_any_dsp with = add_prepare_any(op);
  const int8_t *coarse = add_first_is_coarse(op) ? first : second;
  const int8_t *fine = add_first_is_coarse(op) ? second : first;
  add_run_any(&with, coarse, fine, out, pixels * op->period, 1, 1);
}
