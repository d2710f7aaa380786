/* SPDX-License-Identifier: Apache-2.0 */
#include "maximum_minimum.h"

void maximum_broadcast_s8_portable(const struct maximum_minimum_s8 *op, const int8_t *first,
                                   const int8_t *second, int8_t *out, int32_t pixels,
                                   void *scratch) {
  (void)scratch;
  for (int32_t p = 0; p < pixels; p++) {
    for (int32_t i = 0; i < op->period; i++) {
      *out++ = *first > second[i] ? *first : second[i];
      first++;
    }
  }
}
