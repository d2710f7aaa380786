/* SPDX-License-Identifier: Apache-2.0
 *
 * 5 x 5 depthwise convolution, stride 2, any scale and bias: contract and weight stream in
 * depthwise_kxk_dsp.inc.
 */
#define KERNEL depthwise_conv2d_s8_5x5s2_any_dsp
#define DW_K 5
#define DW_S 2
#define DW_ANY 1
#include "depthwise_kxk_dsp.inc"
