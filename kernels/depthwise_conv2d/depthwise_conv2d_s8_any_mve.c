/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution for Cortex-M55, any scale: depthwise_mve.inc.
 */
#define KERNEL depthwise_conv2d_s8_any_mve
#define DW_ANY 1
#include "depthwise_mve.inc"
