/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "block_runs.h"

void block_read_portable(const struct block *op, const int8_t *in, const int8_t *begin, int8_t *out,
                         void *scratch) {
  (void)scratch;
  const int32_t bytes = op->part[BLOCK_AXES - 1];
  const int32_t runs = block_runs(op);
  in += block_start(op, begin);
  for (int32_t run = 0; run < runs; run++) {
    memcpy(out, in + block_run(op, run), (size_t)bytes);
    out += bytes;
  }
}
