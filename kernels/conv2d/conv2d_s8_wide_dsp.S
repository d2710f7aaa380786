/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolution with any window, stride, dilation and padding. Any sums. Contract:
 * conv2d_kxk_dsp.inc.
 */
#define KERNEL conv2d_s8_wide_dsp
#define TILE_WIDE 1
#include "conv2d_kxk_dsp.inc"
