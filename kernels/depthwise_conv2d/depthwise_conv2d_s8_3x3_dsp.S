/* SPDX-License-Identifier: Apache-2.0
 *
 * 3 x 3 depthwise convolution, stride 1: contract and weight stream in depthwise_3x3_body_dsp.inc.
 */
#define KERNEL depthwise_conv2d_s8_3x3_dsp
#include "depthwise_3x3_body_dsp.inc"
