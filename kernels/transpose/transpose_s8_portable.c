/* SPDX-License-Identifier: Apache-2.0 */
#include "transpose.h"

void transpose_s8_portable(const struct transpose_s8 *op, const int8_t *in, int8_t *out,
                           void *scratch) {
  (void)scratch;
  const int32_t last = TRANSPOSE_AXES - 1;
  int32_t index[TRANSPOSE_AXES] = {0};
  int32_t axis;
  do {
    for (int32_t i = 0; i < op->size[last]; i++) {
      *out++ = in[i * op->stride[last]];
    }
    /* Count the outer axes up like an odometer, moving the input pointer along. */
    for (axis = last - 1; axis >= 0; axis--) {
      in += op->stride[axis];
      if (++index[axis] < op->size[axis]) {
        break;
      }
      in -= op->size[axis] * op->stride[axis];
      index[axis] = 0;
    }
  } while (axis >= 0);
}
