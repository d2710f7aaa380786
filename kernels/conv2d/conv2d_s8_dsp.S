/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution with any window, stride, dilation and padding. Doubled sums stay below 2^23.
 * Contract: conv2d_kxk_dsp.inc.
 */
#define KERNEL conv2d_s8_dsp
#define TILE_WIDE 0
#include "conv2d_kxk_dsp.inc"
