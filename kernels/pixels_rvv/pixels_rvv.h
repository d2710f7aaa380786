/* SPDX-License-Identifier: Apache-2.0
 *
 * A run of neighbouring outputs of a dense convolution for vectors of RISC-V (RVV 1.0, Zve32x),
 * whose windows lie within the image: lanes are pixels, three channels at a time. For layers of few
 * channels. Weights: tile_rvv.h; any of them, any scale, clamp and VLEN.
 */
#ifndef KERNELS_PIXELS_RVV_PIXELS_RVV_H_
#define KERNELS_PIXELS_RVV_PIXELS_RVV_H_

#include <stdint.h>

/* The assembler relies on order and size of the members. */
struct pixels_rvv {
  const int8_t *const *in_rows; /* of the window */
  int32_t row_step;             /* bytes from a row's pointer to the next one's */
  int32_t height;               /* of the kernel */
  int32_t segments;             /* runs of inputs in a row of the window */
  int32_t segment_step;         /* bytes from run to run */
  int32_t run;                  /* inputs */
  int32_t pixel_step;           /* bytes from window to window */
  int32_t channels;
  int32_t zero_point;
  int32_t low;
  int32_t high;
  const int32_t *bias;
  const int32_t *multipliers;
  const int16_t *rights;
  const int8_t *lefts; /* NULL: all shifts are to the right */
  const int8_t *weights;
};

/* Makes `outputs` pixels from `out` on; the first window begins `offset` bytes into its rows. Per
 * input 12 instructions for 32 pixels of three channels. */
void pixels_rvv(const struct pixels_rvv *run, int32_t offset, int8_t *out, int32_t outputs);

#endif /* KERNELS_PIXELS_RVV_PIXELS_RVV_H_ */
