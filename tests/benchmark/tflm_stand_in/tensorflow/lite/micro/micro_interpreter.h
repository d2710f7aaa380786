/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STAND_IN_INTERPRETER_H_
#define STAND_IN_INTERPRETER_H_
#include <cstddef>
#include <cstdint>

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

struct TfLiteTensor {
  union {
    char *raw;
  } data;
};

namespace tflite {

class MicroInterpreter {
 public:
  MicroInterpreter(const Model *model, const MicroOpResolver &resolver, uint8_t *arena,
                   size_t arena_bytes);
  TfLiteStatus AllocateTensors();
  TfLiteStatus Invoke();
  TfLiteTensor *input(size_t index);
  TfLiteTensor *output(size_t index);
  size_t arena_used_bytes() const;

 private:
  const Model *model_;
  const MicroOpResolver &resolver_;
  size_t arena_bytes_;
  TfLiteTensor tensors_[2];
};

}  // namespace tflite
#endif
