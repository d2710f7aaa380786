/* SPDX-License-Identifier: Apache-2.0
 *
 * CONCATENATION, PACK and INTERLEAVE of any type: for every pixel, a run of each operand is copied
 * behind the other. A "pixel" is all that lies behind each other in the output before the first
 * operand comes again: the channels of a pixel, or more for axes further out.
 */
#ifndef KERNELS_CONCATENATION_CONCATENATION_H_
#define KERNELS_CONCATENATION_CONCATENATION_H_

#include <stdint.h>

struct concatenation_s8 {
  int32_t operands;
  const int32_t *run_bytes; /* [operands] */
};

/* Any shape. No scratch. */
void concatenation_s8_portable(const struct concatenation_s8 *op, const int8_t *const *in,
                               int8_t *out, int32_t pixels, void *scratch);

#endif /* KERNELS_CONCATENATION_CONCATENATION_H_ */
