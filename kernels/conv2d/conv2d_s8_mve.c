/* SPDX-License-Identifier: Apache-2.0
 *
 * Dense convolution of any window for Cortex-M55: conv2d_kxk_mve.inc.
 */
#define KERNEL conv2d_s8_mve
#include "conv2d_kxk_mve.inc"
