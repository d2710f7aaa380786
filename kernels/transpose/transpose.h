/* SPDX-License-Identifier: Apache-2.0
 *
 * TRANSPOSE of up to six axes, int8: the input strides of the output's axes, innermost last.
 */
#ifndef KERNELS_TRANSPOSE_TRANSPOSE_H_
#define KERNELS_TRANSPOSE_TRANSPOSE_H_

#include <stdint.h>

#define TRANSPOSE_AXES 6

struct transpose_s8 {
  int32_t size[TRANSPOSE_AXES];   /* of the output; leading axes of length 1 fill up */
  int32_t stride[TRANSPOSE_AXES]; /* in the input, in elements */
};

/* Any shape. No scratch. */
void transpose_s8_portable(const struct transpose_s8 *op, const int8_t *in, int8_t *out,
                           void *scratch);

#endif /* KERNELS_TRANSPOSE_TRANSPOSE_H_ */
