/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution with any window, stride, dilation and padding, in little scratch.
 * Any sums. Contract: conv2d_kxk_dsp.inc.
 */
#define KERNEL conv2d_s8_wide_twos_dsp
#define TILE_WIDE 1
#define TILE_TWOS 1
#include "conv2d_kxk_dsp.inc"
