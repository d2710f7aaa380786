/* SPDX-License-Identifier: Apache-2.0
 *
 * 3 x 3 depthwise convolution, stride 1, any scale and bias: contract and weight stream in
 * depthwise_3x3_body_dsp.inc.
 */
#define KERNEL depthwise_conv2d_s8_3x3_any_dsp
#define DW_ANY 1
#include "depthwise_3x3_body_dsp.inc"
