/* SPDX-License-Identifier: Apache-2.0
 *
 * A stand-in with the names that our runner uses of TF-Lite Micro, for tests of the link path.
 */
#ifndef STAND_IN_RESOLVER_H_
#define STAND_IN_RESOLVER_H_
#include <cstdint>

#include "tensorflow/lite/micro/kernels/conv.h"

enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 };

namespace tflite {

class MicroOpResolver {
 public:
  virtual ~MicroOpResolver() {
  }
  int added = 0;
};

template <unsigned int tOpCount>
class MicroMutableOpResolver : public MicroOpResolver {
 public:
  TfLiteStatus AddAdd() {
    return Added();
  }
  TfLiteStatus AddAveragePool2D() {
    return Added();
  }
  TfLiteStatus AddConv2D(const TFLMRegistration &registration = TFLMRegistration()) {
    (void)registration;
    return Added();
  }
  TfLiteStatus AddDepthwiseConv2D() {
    return Added();
  }
  TfLiteStatus AddFullyConnected() {
    return Added();
  }
  TfLiteStatus AddMaxPool2D() {
    return Added();
  }
  TfLiteStatus AddMul() {
    return kTfLiteOk;
  } /* known, and refused later */
  TfLiteStatus AddSoftmax() {
    return Added();
  }

 private:
  TfLiteStatus Added() {
    return ++added <= static_cast<int>(tOpCount) ? kTfLiteOk : kTfLiteError;
  }
};

}  // namespace tflite
#endif
