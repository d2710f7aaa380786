/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies the first bytes of its input to its output. Needs 640 bytes of arena, of which it admits
 * to 600, and takes seven operators, of which MUL is none.
 */
#include <cstring>

#include "tensorflow/lite/micro/micro_interpreter.h"

namespace tflite {

namespace {
constexpr size_t kNeededBytes = 640, kAdmittedBytes = 600, kInputBytes = 216, kOutputBytes = 6;
constexpr int kOperators = 7;
}  // namespace

TFLMRegistration Register_CONV_2D_INT8() {
  return TFLMRegistration();
}

MicroInterpreter::MicroInterpreter(const Model *model, const MicroOpResolver &resolver,
                                   uint8_t *arena, size_t arena_bytes)
    : model_(model), resolver_(resolver), arena_bytes_(arena_bytes) {
  tensors_[0].data.raw = reinterpret_cast<char *>(arena);
  tensors_[1].data.raw = reinterpret_cast<char *>(arena) + kInputBytes;
}

TfLiteStatus MicroInterpreter::AllocateTensors() {
  const bool fits = arena_bytes_ >= kNeededBytes && resolver_.added == kOperators;
  return fits && model_ ? kTfLiteOk : kTfLiteError;
}

TfLiteStatus MicroInterpreter::Invoke() {
  memcpy(tensors_[1].data.raw, tensors_[0].data.raw, kOutputBytes);
  return kTfLiteOk;
}

TfLiteTensor *MicroInterpreter::input(size_t index) {
  return index == 0 ? &tensors_[0] : nullptr;
}

TfLiteTensor *MicroInterpreter::output(size_t index) {
  return index == 0 ? &tensors_[1] : nullptr;
}

size_t MicroInterpreter::arena_used_bytes() const {
  return kAdmittedBytes;
}

}  // namespace tflite
