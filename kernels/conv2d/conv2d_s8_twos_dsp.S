/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution with any window, stride, dilation and padding, in little scratch.
 * Doubled sums stay below 2^23. Contract: conv2d_kxk_dsp.inc.
 */
#define KERNEL conv2d_s8_twos_dsp
#define TILE_WIDE 0
#define TILE_TWOS 1
#include "conv2d_kxk_dsp.inc"
