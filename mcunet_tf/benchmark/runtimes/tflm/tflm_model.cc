/* SPDX-License-Identifier: Apache-2.0
 *
 * One model behind TF-Lite Micro's interpreter, with the names of an emitted project.
 * tflm_config.h gives the flatbuffer, its operators and the prefix.
 */
#include "tflm_config.h"

#include <new>

#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace {

using Resolver = tflite::MicroMutableOpResolver<TFLM_OPERATORS>;

/* Raw memory: nothing runs constructors before main. */
alignas(16) uint8_t resolver_memory[sizeof(Resolver)];
alignas(16) uint8_t interpreter_memory[sizeof(tflite::MicroInterpreter)];
Resolver *resolver;
tflite::MicroInterpreter *interpreter;

bool prepare(void *arena, size_t arena_bytes) {
  if (!resolver) {
    resolver = new (resolver_memory) Resolver;
    TFLM_REGISTER(resolver)
  }
  interpreter = new (interpreter_memory) tflite::MicroInterpreter(
      tflite::GetModel(TFLM_MODEL), *resolver, static_cast<uint8_t *>(arena), arena_bytes);
  return interpreter->AllocateTensors() == kTfLiteOk;
}

}  // namespace

extern "C" {

/* Bytes in use, or 0 if the arena is refused. */
uint32_t tflm_prepare(void *arena, uint32_t arena_bytes) {
  return prepare(arena, arena_bytes) ? static_cast<uint32_t>(interpreter->arena_used_bytes()) : 0u;
}

#ifdef TFLM_SETUP_BYTES
void TFLM_NAME(setup)(void *arena) {
  if (!prepare(arena, TFLM_SETUP_BYTES)) {
    __builtin_trap(); /* this size was accepted when it was searched */
  }
}
#endif

void TFLM_NAME(invoke)(void *) {
#if TFLM_STATES /* begin at zero at every inference */
  if (interpreter->Reset() != kTfLiteOk) {
    __builtin_trap();
  }
#endif
  if (interpreter->Invoke() != kTfLiteOk) {
    __builtin_trap();
  }
}

void *TFLM_NAME(tensor)(int is_output, int index) {
  const size_t position = static_cast<size_t>(index);
  return is_output ? interpreter->output(position)->data.raw
                   : interpreter->input(position)->data.raw;
}

/* What a C library without an operating system asks for; a program may have better ones. */
__attribute__((weak)) void *_sbrk(ptrdiff_t) {
  return reinterpret_cast<void *>(-1);
}
__attribute__((weak)) void _exit(int) {
  __builtin_trap();
}
__attribute__((weak)) int _kill(int, int) {
  return -1;
}
__attribute__((weak)) int _getpid(void) {
  return 1;
}
__attribute__((weak)) int _write(int, const char *, int) {
  return -1;
}
__attribute__((weak)) int _read(int, char *, int) {
  return -1;
}
__attribute__((weak)) int _close(int) {
  return -1;
}
__attribute__((weak)) int _lseek(int, int, int) {
  return -1;
}
__attribute__((weak)) int _isatty(int) {
  return 0;
}
struct stat;
__attribute__((weak)) int _fstat(int, struct stat *) {
  return -1;
}
__attribute__((weak)) void __cxa_pure_virtual(void) {
  __builtin_trap();
}
__attribute__((weak, noreturn)) void abort(void) {
  __builtin_trap(); /* the C library's own brings signals and a heap along */
}

}  // extern "C"

/* Types with virtual destructors name it; nothing is ever deleted. */
__attribute__((weak)) void operator delete(void *) noexcept {
}
__attribute__((weak)) void operator delete(void *, size_t) noexcept {
}
