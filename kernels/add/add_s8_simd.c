/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD of two tensors of the same shape as one linear form, 16 values at a time; see add_s8_dsp.S.
 */
#include "add.h"
#include "../common/isa_simd.h"

#define SHIFT 22

static int8_t add_value(const struct add_linear_s8 *op, int8_t first, int8_t second) {
  const int32_t sum = op->constant + op->first_factor * first + op->second_factor * second;
  return clamp_s8(sum >> SHIFT, INT8_MIN, INT8_MAX);
}

/* One vector of a block; values as int32. */
SIMD_INLINE simd_words add_words(const struct add_linear_s8 *op, simd_words first,
                                 simd_words second) {
  const simd_words sums = first * op->first_factor + second * op->second_factor + op->constant;
  return simd_clamp(sums >> SHIFT, simd_all(INT8_MIN), simd_all(INT8_MAX));
}

void add_s8_simd(const struct add_linear_s8 *op, const int8_t *first, const int8_t *second,
                 int8_t *out, int32_t pixels, void *scratch) {
  (void)scratch;
  const int32_t count = pixels * op->period;
  const simd_shorts zero = {0};
  int32_t i = 0;
  for (; i + SIMD_BLOCK <= count; i += SIMD_BLOCK) {
    const simd_shorts a = simd_widen(&first[i]);
    const simd_shorts b = simd_widen(&second[i]);
    /* The values as upper halves of words. */
    const simd_words low = add_words(op, (simd_words)simd_interleave_low(zero, a) >> 16,
                                     (simd_words)simd_interleave_low(zero, b) >> 16);
    const simd_words high = add_words(op, (simd_words)simd_interleave_high(zero, a) >> 16,
                                      (simd_words)simd_interleave_high(zero, b) >> 16);
    const simd_bytes results = simd_narrow(low, high);
    memcpy(&out[i], &results, sizeof results);
  }
  for (; i < count; i++) {
    out[i] = add_value(op, first[i], second[i]);
  }
}
