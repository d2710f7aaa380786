/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD of a pixel that repeats as one linear form, for cores that multiply one pair of 32 bits at a
 * time.
 */
#include "add.h"
#include "add_linear_scalar.h"

void add_broadcast_s8_scalar(const struct add_linear_s8 *op, const int8_t *first,
                             const int8_t *second, int8_t *out, int32_t pixels, void *scratch) {
  (void)scratch;
  for (int32_t p = 0; p < pixels; p++) {
    add_run(op, first, second, out, op->period);
    first += op->period;
    out += op->period;
  }
}
