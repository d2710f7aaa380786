/* SPDX-License-Identifier: Apache-2.0
 *
 * 7 x 7 depthwise convolution, stride 2, any scale and bias: contract and weight stream in
 * depthwise_kxk_dsp.inc.
 */
#define KERNEL depthwise_conv2d_s8_7x7s2_any_dsp
#define DW_K 7
#define DW_S 2
#define DW_ANY 1
#include "depthwise_kxk_dsp.inc"
