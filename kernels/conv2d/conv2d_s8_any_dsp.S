/* SPDX-License-Identifier: Apache-2.0
 *
 * Dense convolution of any window, sums and scales: the wide rows with another 14 instructions
 * for 6 outputs. For layers with a channel whose scale is one half or more. Contract:
 * conv2d_kxk_dsp.inc.
 */
#define KERNEL conv2d_s8_any_dsp
#define TILE_WIDE 1
#define TILE_ANY 1
#include "conv2d_kxk_dsp.inc"
