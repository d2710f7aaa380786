/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED, int8: out[n, o] = clamp(requantize(bias[o] + sum_c w[o, c] * in[n, c]) +
 * out_zero_point)
 *
 * The input zero point is folded into the bias.
 */
#ifndef KERNELS_FULLY_CONNECTED_FULLY_CONNECTED_H_
#define KERNELS_FULLY_CONNECTED_FULLY_CONNECTED_H_

#include <stdint.h>

#include "../common/requant.h"
#include "../common/values_s16.h"

struct fully_connected_s8 {
  const void *weights;  /* layout: see each row */
  const void *channels; /* struct channel_s8 [out_features], or the layout that the row states; NULL
                         * where the weight stream carries them. Apart from the weights, layers that
                         * differ in scales alone share these, as steps of a network in time do. */
  int32_t in_features;
  int16_t rows; /* n: the batch of the matrix product */
  int16_t out_features;
  int16_t out_zero_point;
  int16_t out_min;
  int16_t out_max;
};

/* Any shape. weights: int8 [out_features, in_features]. No scratch. */
void fully_connected_s8_portable(const struct fully_connected_s8 *op, const int8_t *in, int8_t *out,
                                 void *scratch);

/* For cores that multiply one pair of 32 bits at a time, with long products (`scalar`) or without
 * (`thumb`: the instructions of Armv6-M). weights: int8 [out_features, in_features]; sums below
 * 2^29. No scratch. */
void fully_connected_s8_scalar(const struct fully_connected_s8 *op, const int8_t *in, int8_t *out,
                               void *scratch);
void fully_connected_s8_thumb(const struct fully_connected_s8 *op, const int8_t *in, int8_t *out,
                              void *scratch);

/* For the Armv7E-M DSP extension; contract in its file. out_features >= 2. */
void fully_connected_s8_dsp(const struct fully_connected_s8 *op, const int8_t *in, int8_t *out,
                            void *scratch);

/* The same, of any sums and scales. No scratch. */
void fully_connected_s8_any_dsp(const struct fully_connected_s8 *op, const int8_t *in, int8_t *out,
                                void *scratch);

/* Any layer for the Armv7E-M DSP extension, output by output. weights: int8 [out_features,
 * in_features]. No scratch. */
void fully_connected_s8_plain_dsp(const struct fully_connected_s8 *op, const int8_t *in,
                                  int8_t *out, void *scratch);

/* Any layer, for Cortex-M55 with Helium; weight stream in its file. No scratch. */
void fully_connected_s8_mve(const struct fully_connected_s8 *op, const int8_t *in, int8_t *out,
                            void *scratch);

/* Any layer, for vectors of RISC-V, integers only (Zve32x), of any length; weights:
 * ../tile_rvv/tile_rvv.h. No scratch. */
void fully_connected_s8_rvv(const struct fully_connected_s8 *op, const int8_t *in, int8_t *out,
                            void *scratch);

/* int16 activations with zero points of 0, int8 weights; sums as in ../conv2d/conv2d.h. */
struct fully_connected_s16 {
  const void *weights;            /* layout: see each row */
  const int64_t *bias;            /* [out_features] */
  const struct scale_s16 *scales; /* [out_features] */
  int32_t in_features;
  int16_t rows; /* n: the batch of the matrix product */
  int16_t out_features;
  int16_t wide;
  int16_t out_min;
  int16_t out_max;
};

/* Any shape. weights: int8 [out_features, in_features]. No scratch. */
void fully_connected_s16_portable(const struct fully_connected_s16 *op, const int8_t *in,
                                  int8_t *out, void *scratch);

/* For the Armv7E-M DSP extension. Contract, scratch and weight stream: in its file. */
void fully_connected_s16_dsp(const struct fully_connected_s16 *op, const int8_t *in, int8_t *out,
                             void *scratch);

/* The same with any sums, biases and scales. */
void fully_connected_s16_any_dsp(const struct fully_connected_s16 *op, const int8_t *in,
                                 int8_t *out, void *scratch);

#endif /* KERNELS_FULLY_CONNECTED_FULLY_CONNECTED_H_ */
