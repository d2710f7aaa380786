/* SPDX-License-Identifier: Apache-2.0
 *
 * CONCATENATION, int8: `outer` times, a run of every operand is copied behind the other.
 */
#ifndef KERNELS_CONCATENATION_CONCATENATION_H_
#define KERNELS_CONCATENATION_CONCATENATION_H_

#include <stdint.h>

struct concatenation_s8 {
  int32_t outer;
  int32_t operands;
  const int32_t *run_bytes; /* [operands] */
};

/* Any shape. No scratch. */
void concatenation_s8_portable(const struct concatenation_s8 *op, const int8_t *const *in,
                               int8_t *out, void *scratch);

#endif /* KERNELS_CONCATENATION_CONCATENATION_H_ */
