/* SPDX-License-Identifier: Apache-2.0 */
#include "concatenation.h"

#include <stddef.h>

#include "../common/copy_bytes.h"

void concatenation_s8_portable(const struct concatenation_s8 *op, const int8_t *const *in,
                               int8_t *out, int32_t pixels, void *scratch) {
  (void)scratch;
  for (int32_t p = 0; p < pixels; p++) {
    for (int32_t i = 0; i < op->operands; i++) {
      copy_bytes(out, &in[i][p * op->run_bytes[i]], (size_t)op->run_bytes[i]);
      out += op->run_bytes[i];
    }
  }
}
