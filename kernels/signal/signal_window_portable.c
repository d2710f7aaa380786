/* SPDX-License-Identifier: Apache-2.0 */
#include "signal.h"

#include "../common/values_s16.h"

void signal_window_portable(const struct signal_window *op, const int8_t *in, int8_t *out,
                            void *scratch) {
  (void)scratch;
  const arena_s16 *sample = read_s16(in);
  arena_s16 *made = write_s16(out);
  for (int32_t frame = 0; frame < op->frames; frame++) {
    for (int32_t i = 0; i < op->size; i++) {
      const int32_t value = (*sample++ * op->weights[i]) >> op->shift;
      *made++ = (int16_t)(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
    }
  }
}
