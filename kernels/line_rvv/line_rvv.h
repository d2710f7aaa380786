/* SPDX-License-Identifier: Apache-2.0
 *
 * A row of outputs of a depthwise convolution for vectors of RISC-V (RVV 1.0, Zve32x): as many
 * channels as eight registers hold sums of 32 bits of, at most 32. Any window, stride, dilation,
 * scales and clamp; any VLEN.
 *
 * Two products are added in 16 bits, so not both weights are -128: of neighbours in a row of the
 * kernel, of all nine taps in their order where it is 3 x 3.
 */
#ifndef KERNELS_LINE_RVV_LINE_RVV_H_
#define KERNELS_LINE_RVV_LINE_RVV_H_

#include <stdint.h>

/* The assembler relies on order and size of the members. */
struct line_rvv {
  const int8_t *const *rows; /* the first tap of each row that lies inside, for the first output */
  int32_t height;            /* of the kernel */
  int32_t width;
  int32_t before;     /* taps of a row beside the image, in front of those inside */
  int32_t inside;     /* less than `width`: one output is made */
  int32_t zero_value; /* of taps beside the image */
  /* Of 3 x 3 windows: whether those of the first and of the last output begin, and end, a column
   * beside the image. */
  int32_t first_clipped;
  int32_t last_clipped;
  int32_t tap_step;   /* bytes from tap to tap of a row */
  int32_t pixel_step; /* bytes from window to window */
  int32_t lanes;      /* channels that are made */
  int32_t channels;   /* of a tap's weights */
  int8_t *out;
  int32_t out_step; /* bytes from output to output */
  int32_t outputs;
  int32_t zero_point;
  int32_t low;
  int32_t high;
  /* Of the first channel that is made. */
  const int32_t *bias;
  const int32_t *multipliers;
  const int16_t *rights;
  const int8_t *lefts;   /* NULL: all shifts are to the right */
  const int8_t *weights; /* [taps][channels] */
};

/* 62 instructions for an output of 32 channels of 3 x 3. */
void line_rvv(const struct line_rvv *line);

#endif /* KERNELS_LINE_RVV_LINE_RVV_H_ */
