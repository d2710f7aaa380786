/* SPDX-License-Identifier: Apache-2.0
 *
 * 1 x 1 convolution, stride 1, for Cortex-M55: conv2d_1x1_mve.inc.
 */
#define KERNEL conv2d_s8_1x1_mve
#include "conv2d_1x1_mve.inc"
