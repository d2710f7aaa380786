/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STAND_IN_SCHEMA_H_
#define STAND_IN_SCHEMA_H_
namespace tflite {
struct Model;
inline const Model *GetModel(const void *flatbuffer) {
  return static_cast<const Model *>(flatbuffer);
}
}  // namespace tflite
#endif
