/* SPDX-License-Identifier: Apache-2.0
 *
 * TRANSPOSE, SLICE, TILE, SPACE_TO_DEPTH and others that move values and compute none: the output
 * in order, the input at constant strides, byte by byte. Wider values are an axis of their bytes.
 */
#ifndef KERNELS_STRIDED_COPY_STRIDED_COPY_H_
#define KERNELS_STRIDED_COPY_STRIDED_COPY_H_

#include <stdint.h>

#define STRIDED_COPY_AXES 6

struct strided_copy_s8 {
  int32_t offset;                    /* of the first byte in the input */
  int32_t size[STRIDED_COPY_AXES];   /* of the output; leading axes of length 1 fill up */
  int32_t stride[STRIDED_COPY_AXES]; /* in the input; 0 repeats, and may be negative */
};

/* Any shape. No scratch. */
void strided_copy_s8_portable(const struct strided_copy_s8 *op, const int8_t *in, int8_t *out,
                              void *scratch);

/* The same of int16. */
void strided_copy_s16_portable(const struct strided_copy_s8 *op, const int8_t *in, int8_t *out,
                               void *scratch);

#endif /* KERNELS_STRIDED_COPY_STRIDED_COPY_H_ */
