/* SPDX-License-Identifier: Apache-2.0 */
#include "svdf_time_loop.h"

void svdf_time_s8_portable(const struct svdf_time *op, const int8_t *state, int8_t *out,
                           void *scratch) {
  (void)scratch;
  SVDF_TIME_LOOP(op, int8_t, state, out)
}
