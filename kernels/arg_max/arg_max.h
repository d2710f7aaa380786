/* SPDX-License-Identifier: Apache-2.0
 *
 * ARG_MAX and ARG_MIN: the first index of the greatest or least value along an axis
 */
#ifndef KERNELS_ARG_MAX_ARG_MAX_H_
#define KERNELS_ARG_MAX_ARG_MAX_H_

#include <stdint.h>

struct arg_max {
  int32_t outer; /* in[outer][count][inner] */
  int32_t count;
  int32_t inner;
  int32_t flip;      /* 0, or -1 for the least value: complements run backwards */
  int32_t out_bytes; /* of an index: 4, or 8 */
};

/* out[outer][inner], little-endian int32 or int64. No scratch. */
void arg_max_s8_portable(const struct arg_max *op, const int8_t *in, int8_t *out, void *scratch);

/* The same of float32. */
void arg_max_f32_portable(const struct arg_max *op, const int8_t *in, int8_t *out, void *scratch);

#endif /* KERNELS_ARG_MAX_ARG_MAX_H_ */
