/* SPDX-License-Identifier: Apache-2.0 */
#include "moving_loop.h"

void moving_sums_s16_portable(const struct moving_sums *op, const int8_t *sums, const int8_t *held,
                              const int8_t *new_rows, int8_t *out, void *scratch) {
  (void)scratch;
  const arena_s16 *gone = read_s16(held) + op->leaving;
  const arena_s16 *come = read_s16(new_rows);
  MOVING_SUMS_LOOP(op, read_s32(sums), gone, come, write_s32(out))
}
