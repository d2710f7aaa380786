/* SPDX-License-Identifier: Apache-2.0
 *
 * MOVING_SUMS: sums over the rows of a window that moves on: new rows come in, as many leave.
 *
 *   out[i] = sums[i] + sum_p (new[p, i] - held[p, i])        p over the positions of the new rows
 *
 * MOVING_MEAN makes what a mean or an average pooling makes of the rows:
 *
 *   count 0:  out[i] = clamp(requantize(sums[i]) + out_zero_point)      1 / count in the multiplier
 *   else:     out[i] = clamp(round_half_away((sums[i] + offset) / count))
 *
 * Sums are of values less the zero point, which comes in as often as it leaves. ROW_SUMS makes rows
 * of sums first, which take less memory than the rows:
 *
 *   out[r, i] = sum_p in[r, p, i] + offset
 */
#ifndef KERNELS_MOVING_SUMS_MOVING_SUMS_H_
#define KERNELS_MOVING_SUMS_MOVING_SUMS_H_

#include <stdint.h>

struct row_sums {
  int32_t rows;
  int32_t positions; /* at most 128 */
  int32_t sums;
  int32_t offset; /* -positions * in_zero_point */
};

/* int8 rows, int16 sums. No scratch. */
void row_sums_s8_portable(const struct row_sums *op, const int8_t *in, int8_t *out, void *scratch);

struct moving_sums {
  int32_t sums;
  int32_t positions; /* of new rows: values that go into each sum */
  int32_t leaving;   /* value in `held` with which the rows that leave begin */
};

/* int8 or int16 rows, int32 sums. No scratch; `out` may be `sums`. */
void moving_sums_s8_portable(const struct moving_sums *op, const int8_t *sums, const int8_t *held,
                             const int8_t *new_rows, int8_t *out, void *scratch);
void moving_sums_s16_portable(const struct moving_sums *op, const int8_t *sums, const int8_t *held,
                              const int8_t *new_rows, int8_t *out, void *scratch);

struct moving_mean {
  int32_t sums;
  int32_t count;
  int32_t offset; /* count * in_zero_point */
  int32_t multiplier;
  int16_t shift;
  int16_t out_zero_point;
  int16_t out_min;
  int16_t out_max;
};

/* int32 sums, an int8 or int16 result. No scratch. */
void moving_mean_s8_portable(const struct moving_mean *op, const int8_t *sums, int8_t *out,
                             void *scratch);
void moving_mean_s16_portable(const struct moving_mean *op, const int8_t *sums, int8_t *out,
                              void *scratch);

#endif /* KERNELS_MOVING_SUMS_MOVING_SUMS_H_ */
