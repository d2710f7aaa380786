/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STAND_IN_CONV_H_
#define STAND_IN_CONV_H_
namespace tflite {
struct TFLMRegistration {};
TFLMRegistration Register_CONV_2D_INT8();
}  // namespace tflite
#endif
