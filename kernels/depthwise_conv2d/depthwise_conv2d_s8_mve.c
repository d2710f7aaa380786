/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution for Cortex-M55: depthwise_mve.inc.
 */
#define KERNEL depthwise_conv2d_s8_mve
#include "depthwise_mve.inc"
