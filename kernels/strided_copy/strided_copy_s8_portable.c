/* SPDX-License-Identifier: Apache-2.0 */
#include "strided_copy.h"

#include <stddef.h>

#include "../common/copy_bytes.h"

void strided_copy_s8_portable(const struct strided_copy_s8 *op, const int8_t *in, int8_t *out,
                              void *scratch) {
  (void)scratch;
  const int32_t last = STRIDED_COPY_AXES - 1;
  const int32_t run = op->size[last];
  int32_t index[STRIDED_COPY_AXES] = {0};
  int32_t axis;
  in += op->offset;
  do {
    if (op->stride[last] == 1) {
      copy_bytes(out, in, (size_t)run);
      out += run;
    } else {
      /* The stride is read anew each time: from a register, GCC unrolls to three times the code. */
      for (int32_t i = 0; i < run; i++) {
        *out++ = in[i * op->stride[last]];
      }
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
