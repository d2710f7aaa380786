/* SPDX-License-Identifier: Apache-2.0
 *
 * 1 x 1 convolution, stride 1, any sums: 19 instructions for 24 multiply-accumulates, 44 for the
 * rest of 6 outputs. It is also the faster one up to 8 input channels. Contract:
 * conv2d_1x1_dsp.inc.
 */
#define KERNEL conv2d_s8_1x1_wide_dsp
#define TILE_WIDE 1
#include "conv2d_1x1_dsp.inc"
