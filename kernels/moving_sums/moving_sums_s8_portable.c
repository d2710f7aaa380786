/* SPDX-License-Identifier: Apache-2.0 */
#include "moving_loop.h"

void moving_sums_s8_portable(const struct moving_sums *op, const int8_t *sums, const int8_t *held,
                             const int8_t *new_rows, int8_t *out, void *scratch) {
  (void)scratch;
  const int8_t *gone = held + op->leaving;
  MOVING_SUMS_LOOP(op, read_s32(sums), gone, new_rows, write_s32(out))
}
