/* SPDX-License-Identifier: Apache-2.0
 *
 * 1 x 1 convolution, stride 1, any sums and scales: the wide rows with another 14 instructions
 * for 6 outputs. For layers with a channel whose scale is one half or more. Contract:
 * conv2d_1x1_dsp.inc.
 */
#define KERNEL conv2d_s8_1x1_any_dsp
#define TILE_WIDE 1
#define TILE_ANY 1
#include "conv2d_1x1_dsp.inc"
