/* SPDX-License-Identifier: Apache-2.0
 *
 * 16 channels side by side in vectors of GNU C, for computers. What gcc and clang make slow code of
 * has a second form for AVX2; both forms give the same values.
 *
 * The channels of a block lie in two vectors of int32, `low` and `high`, in the order in which
 * interleaving and narrowing cost one instruction each: 0-3 8-11 and 4-7 12-15. Constants and
 * weights are stored in this order, too.
 */
#ifndef KERNELS_COMMON_ISA_SIMD_H_
#define KERNELS_COMMON_ISA_SIMD_H_

#include <stdint.h>
#include <string.h>

#ifdef __AVX2__
#include <immintrin.h>
#endif

#define SIMD_BLOCK 16 /* channels */
#define SIMD_LANES 8  /* of a vector */

/* Vectors are passed to functions that vanish only: how an ABI would pass them does not matter. */
#define SIMD_INLINE static inline __attribute__((always_inline))
#pragma GCC diagnostic ignored "-Wpsabi"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "of a pair, the first is the low half");

typedef int8_t simd_bytes __attribute__((vector_size(16)));
typedef int16_t simd_shorts __attribute__((vector_size(32)));
typedef int32_t simd_words __attribute__((vector_size(32)));
typedef uint32_t simd_unsigned_words __attribute__((vector_size(32)));
typedef int64_t simd_longs __attribute__((vector_size(64)));

SIMD_INLINE simd_words simd_load_words(const void *from) {
  simd_words words;
  memcpy(&words, from, sizeof words);
  return words;
}

SIMD_INLINE simd_words simd_all(int32_t value) {
  return (simd_words){0} + value;
}

/* 16 bytes from anywhere as int16. */
SIMD_INLINE simd_shorts simd_widen(const int8_t *from) {
  simd_bytes bytes;
  memcpy(&bytes, from, sizeof bytes);
#ifdef __AVX2__
  return (simd_shorts)_mm256_cvtepi8_epi16((__m128i)bytes);
#else
  return __builtin_convertvector(bytes, simd_shorts);
#endif
}

/* sum + the products of two pairs in each word. */
SIMD_INLINE simd_words simd_add_products(simd_words sum, simd_shorts a, simd_shorts b) {
#ifdef __AVX2__
  return sum + (simd_words)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#else
  const simd_words first = (simd_words)((simd_unsigned_words)a << 16) >> 16;
  const simd_words other = (simd_words)((simd_unsigned_words)b << 16) >> 16;
  return sum + first * other + ((simd_words)a >> 16) * ((simd_words)b >> 16);
#endif
}

/* Pairs of a and b for the channels of `low`. */
SIMD_INLINE simd_shorts simd_interleave_low(simd_shorts a, simd_shorts b) {
#ifdef __AVX2__
  return (simd_shorts)_mm256_unpacklo_epi16((__m256i)a, (__m256i)b);
#else
  return (simd_shorts){a[0], b[0], a[1], b[1], a[2],  b[2],  a[3],  b[3],
                       a[8], b[8], a[9], b[9], a[10], b[10], a[11], b[11]};
#endif
}

/* Pairs of a and b for the channels of `high`. */
SIMD_INLINE simd_shorts simd_interleave_high(simd_shorts a, simd_shorts b) {
#ifdef __AVX2__
  return (simd_shorts)_mm256_unpackhi_epi16((__m256i)a, (__m256i)b);
#else
  return (simd_shorts){a[4],  b[4],  a[5],  b[5],  a[6],  b[6],  a[7],  b[7],
                       a[12], b[12], a[13], b[13], a[14], b[14], a[15], b[15]};
#endif
}

/* Lane by lane saturating_rounding_doubling_high_mul of requant.h: it rounds half up, and b, a
 * multiplier, is never INT32_MIN. */
SIMD_INLINE simd_words simd_multiply_high(simd_words a, simd_words b) {
#ifdef __AVX2__
  const __m256i half = _mm256_set1_epi64x(1 << 30);
  const __m256i odd_a = _mm256_srli_epi64((__m256i)a, 32);
  const __m256i odd_b = _mm256_srli_epi64((__m256i)b, 32);
  const __m256i even = _mm256_add_epi64(_mm256_mul_epi32((__m256i)a, (__m256i)b), half);
  const __m256i odd = _mm256_add_epi64(_mm256_mul_epi32(odd_a, odd_b), half);
  return (simd_words)_mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1),
                                        0xaa);
#else
  const simd_longs product =
      __builtin_convertvector(a, simd_longs) * __builtin_convertvector(b, simd_longs);
  return __builtin_convertvector((product + (1 << 30)) >> 31, simd_words);
#endif
}

SIMD_INLINE simd_words simd_clamp(simd_words x, simd_words least, simd_words most) {
#ifdef __AVX2__
  return (simd_words)_mm256_min_epi32(_mm256_max_epi32((__m256i)x, (__m256i)least), (__m256i)most);
#else
  const simd_words below = x < least;
  const simd_words raised = (least & below) | (x & ~below);
  const simd_words above = raised > most;
  return (most & above) | (raised & ~above);
#endif
}

/* The values of a block, within int8, in the order of channels. */
SIMD_INLINE simd_bytes simd_narrow(simd_words low, simd_words high) {
#ifdef __AVX2__
  const __m256i shorts = _mm256_packs_epi32((__m256i)low, (__m256i)high);
  return (simd_bytes)_mm_packs_epi16(_mm256_castsi256_si128(shorts),
                                     _mm256_extracti128_si256(shorts, 1));
#else
  const simd_shorts shorts = {
      (int16_t)low[0],  (int16_t)low[1],  (int16_t)low[2],  (int16_t)low[3],
      (int16_t)high[0], (int16_t)high[1], (int16_t)high[2], (int16_t)high[3],
      (int16_t)low[4],  (int16_t)low[5],  (int16_t)low[6],  (int16_t)low[7],
      (int16_t)high[4], (int16_t)high[5], (int16_t)high[6], (int16_t)high[7]};
  return __builtin_convertvector(shorts, simd_bytes);
#endif
}

#endif /* KERNELS_COMMON_ISA_SIMD_H_ */
