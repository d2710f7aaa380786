/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "block_runs.h"

void block_write_portable(const struct block *op, const int8_t *in, const int8_t *part,
                          const int8_t *begin, int8_t *out, void *scratch) {
  (void)scratch;
  const int32_t bytes = op->part[BLOCK_AXES - 1];
  const int32_t runs = block_runs(op);
  int32_t total = 1;
  for (int32_t axis = 0; axis < BLOCK_AXES; axis++) {
    total *= op->whole[axis];
  }
  memmove(out, in, (size_t)total);
  out += block_start(op, begin);
  for (int32_t run = 0; run < runs; run++) {
    memcpy(out + block_run(op, run), part, (size_t)bytes);
    part += bytes;
  }
}
