/* SPDX-License-Identifier: Apache-2.0
 *
 * 3 x 3 depthwise convolution, stride 2, any scale and bias: contract and weight stream in
 * depthwise_kxk_dsp.inc.
 */
#define KERNEL depthwise_conv2d_s8_3x3s2_any_dsp
#define DW_K 3
#define DW_S 2
#define DW_ANY 1
#include "depthwise_kxk_dsp.inc"
