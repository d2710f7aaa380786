/* SPDX-License-Identifier: Apache-2.0
 *
 * MEAN, SUM, REDUCE_MAX and REDUCE_MIN over the middle axis of [outer, count, inner], float32.
 */
#ifndef KERNELS_REDUCE_F32_REDUCE_F32_H_
#define KERNELS_REDUCE_F32_REDUCE_F32_H_

#include <stdint.h>

struct reduce_f32 {
  int32_t outer;
  int32_t count;
  int32_t inner;
  float divisor; /* of a sum: count for a mean, else 1 */
  float sign;    /* of an extremum: 1 for the greatest value, -1 for the least */
};

/* Any shape. No scratch. */
void sum_f32_portable(const struct reduce_f32 *op, const int8_t *in, int8_t *out, void *scratch);
void extremum_f32_portable(const struct reduce_f32 *op, const int8_t *in, int8_t *out,
                           void *scratch);

/* SUM and MEAN over height and width of [1, height, width, channels], which comes in bands of
 * rows. */
struct sum_rows_f32 {
  int32_t height;
  int32_t width;
  int32_t channels;
  float divisor;
};

/* Takes rows y .. y + rows - 1; the last ones complete `out`. scratch: float [channels], kept from
 * call to call. */
void sum_rows_f32_portable(const struct sum_rows_f32 *op, const int8_t *in, int8_t *out, int32_t y,
                           int32_t rows, void *scratch);

#endif /* KERNELS_REDUCE_F32_REDUCE_F32_H_ */
