/* SPDX-License-Identifier: Apache-2.0
 *
 * Dense convolution of any window for Cortex-M55, any scale: conv2d_kxk_mve.inc.
 */
#define KERNEL conv2d_s8_any_mve
#define TILE_ANY 1
#include "conv2d_kxk_mve.inc"
