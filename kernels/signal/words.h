/* SPDX-License-Identifier: Apache-2.0
 *
 * Wide integers in an arena of bytes, aligned as their type is.
 */
#ifndef KERNELS_SIGNAL_WORDS_H_
#define KERNELS_SIGNAL_WORDS_H_

#include <stdint.h>

#if defined(__GNUC__)
typedef int32_t __attribute__((__may_alias__)) arena_s32;
typedef uint32_t __attribute__((__may_alias__)) arena_u32;
typedef uint64_t __attribute__((__may_alias__)) arena_u64;
#else
typedef int32_t arena_s32;
typedef uint32_t arena_u32;
typedef uint64_t arena_u64;
#endif

static inline const arena_s32 *values_s32(const int8_t *in) {
  return (const arena_s32 *)(const void *)in;
}

static inline arena_s32 *values_s32_out(int8_t *out) {
  return (arena_s32 *)(void *)out;
}

static inline const arena_u32 *words(const int8_t *in) {
  return (const arena_u32 *)(const void *)in;
}

static inline arena_u32 *words_out(int8_t *out) {
  return (arena_u32 *)(void *)out;
}

static inline const arena_u64 *wide_words(const int8_t *in) {
  return (const arena_u64 *)(const void *)in;
}

static inline arena_u64 *wide_words_out(int8_t *out) {
  return (arena_u64 *)(void *)out;
}

#endif /* KERNELS_SIGNAL_WORDS_H_ */
