/* SPDX-License-Identifier: Apache-2.0
 *
 * The transform in 32 bits with Helium, of 8 points and more: two butterflies side by side in 34
 * instructions. VRMULH is a product's upper half, rounded to nearest, ties up.
 */
#include <arm_mve.h>

#include "audio_wide.h"

typedef int32_t complex_part;
typedef union audio_bin complex_cell;

/* A value of each of two groups, which lie so many bytes apart. */
static inline int32x4_t get_two(const union audio_bin *bin, uint64x2_t groups) {
  return vreinterpretq_s32_u64(vldrdq_gather_offset_u64(&bin->value, groups));
}

static inline void put_two(union audio_bin *bin, uint64x2_t groups, int32x4_t z) {
  vstrdq_scatter_offset_u64(&bin->value, groups, vreinterpretq_u64_s32(z));
}

static inline uint64x2_t groups_of(int32_t cells) {
  const uint32x4_t apart = {0, 0, (uint32_t)cells * sizeof(union audio_bin), 0};
  return vreinterpretq_u64_u32(apart);
}

static inline void first_pairs(union audio_bin *bins, int32_t points, int32_t radix) {
  const union audio_bin *const end = bins + points;
  const uint64x2_t groups = groups_of(radix);
  for (; radix == 2 && bins != end; bins += 4) {
    const int32x4_t a = vrshrq_n_s32(get_two(bins, groups), 1);
    const int32x4_t b = vrshrq_n_s32(get_two(bins + 1, groups), 1);
    put_two(bins, groups, vaddq_s32(a, b));
    put_two(bins + 1, groups, vsubq_s32(a, b));
  }
  for (; bins != end; bins += 8) {
    const int32x4_t a = vrshrq_n_s32(get_two(bins, groups), 2);
    const int32x4_t b = vrshrq_n_s32(get_two(bins + 1, groups), 2);
    const int32x4_t c = vrshrq_n_s32(get_two(bins + 2, groups), 2);
    const int32x4_t d = vrshrq_n_s32(get_two(bins + 3, groups), 2);
    const int32x4_t even = vaddq_s32(a, c), odd = vsubq_s32(a, c);
    const int32x4_t total = vaddq_s32(b, d), rest = vsubq_s32(b, d);
    put_two(bins, groups, vaddq_s32(even, total));
    put_two(bins + 1, groups, vcaddq_rot270_s32(odd, rest));
    put_two(bins + 2, groups, vsubq_s32(even, total));
    put_two(bins + 3, groups, vcaddq_rot90_s32(odd, rest));
  }
}

/* Two values times their factors, which hold the division; q0 and q1 are lost. */
#define TURN(to, values, factors)     \
  "   vldrw.32 q0, [%[" factors       \
  "], %q[real]]\n"                    \
  "   vldrw.32 q1, [%[" values        \
  "]]\n"                              \
  "   vrmulh.s32 " to                 \
  ", q1, q0\n"                        \
  "   vldrw.32 q0, [%[" factors       \
  "], %q[imaginary]]\n"               \
  "   add %[" factors "], %[" factors \
  "], #16\n"                          \
  "   vrmulh.s32 q1, q1, q0\n"        \
  "   vcadd.i32 " to ", " to ", q1, #90\n"

static inline void pair_row(union audio_bin *bins, int32_t span, const int32_t *factors) {
  union audio_bin *second = bins + span, *third = second + span, *fourth = third + span;
  const int32_t *next = factors + 2 * span, *last = next + 2 * span;
  const uint32x4_t real = {0, 0, 8, 8}, imaginary = vaddq_n_u32(real, 4);
  __asm__ volatile(
      "   dls lr, %[count]\n"
      "1:\n"
      TURN("q4", "third", "next")
      "   vldrw.32 q0, [%[first]]\n"
      "   vrshr.s32 q0, q0, #2\n"
      "   vadd.i32 q2, q0, q4\n"
      "   vsub.i32 q3, q0, q4\n"
      TURN("q4", "second", "factors")
      TURN("q5", "fourth", "last")
      "   vadd.i32 q0, q4, q5\n"
      "   vsub.i32 q1, q4, q5\n"
      "   vadd.i32 q4, q2, q0\n"
      "   vsub.i32 q5, q2, q0\n"
      "   vcadd.i32 q0, q3, q1, #270\n"
      "   vcadd.i32 q2, q3, q1, #90\n"
      "   vstrw.32 q4, [%[first]], #16\n"
      "   vstrw.32 q0, [%[second]], #16\n"
      "   vstrw.32 q5, [%[third]], #16\n"
      "   vstrw.32 q2, [%[fourth]], #16\n"
      "   le lr, 1b\n"
      : [first] "+r"(bins), [second] "+r"(second), [third] "+r"(third), [fourth] "+r"(fourth),
        [factors] "+r"(factors), [next] "+r"(next), [last] "+r"(last)
      : [count] "r"(span / 2), [real] "w"(real), [imaginary] "w"(imaginary)
      : "q0", "q1", "q2", "q3", "q4", "q5", "lr", "memory");
}

#include "pair_stages.h"

void audio_wide_transform_mve(const struct audio_wide_spectrum *op, union audio_bin *bins) {
  transform_pairs(bins, op->points, op->twiddles);
}
