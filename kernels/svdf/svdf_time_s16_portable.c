/* SPDX-License-Identifier: Apache-2.0 */
#include "../common/values_s16.h"
#include "svdf_time_loop.h"

void svdf_time_s16_portable(const struct svdf_time *op, const int8_t *state, int8_t *out,
                            void *scratch) {
  (void)scratch;
  const arena_s16 *values = read_s16(state);
  SVDF_TIME_LOOP(op, int16_t, values, out)
}
