/* SPDX-License-Identifier: Apache-2.0
 *
 * Mel filters with Helium: each bin lies between the centres of two and feeds both. 7 instructions
 * for four bins.
 */
#include <arm_mve.h>

#include "audio.h"

void audio_bands_mve(const struct audio_bands *op, const uint32_t *energies, int64_t *sums) {
  const uint16_t *bins = op->bins;
  const uint32_t *energy = energies + op->first_bin;
  const int16_t *weight = op->weights;
  const uint32x4_t falls = vidupq_n_u32(0, 4), rises = vidupq_n_u32(2, 4);
  /* Sums of 64 bits, in pairs of registers as VMLALDAVA takes them. */
  register uint32_t low __asm__("r4"), high __asm__("r5");
  register uint32_t next_low __asm__("r6") = 0, next_high __asm__("r7") = 0;
  for (int32_t band = -1; band < op->bands; band++) {
    const uint32_t count = *bins++;
    const uint32_t *from = energy;
    const int16_t *weights = weight;
    low = next_low;
    high = next_high;
    next_low = next_high = 0;
    __asm__ volatile(
        "   wlstp.32 lr, %[count], 2f\n"
        "1: vldrw.32 q0, [%[from]], #16\n"
        "   vldrh.s32 q1, [%[weights], %q[falls]]\n"
        "   vldrh.s32 q2, [%[weights], %q[rises]]\n"
        "   add %[weights], %[weights], #16\n"
        "   vmlaldava.s32 %[low], %[high], q0, q1\n"
        "   vmlaldava.s32 %[next_low], %[next_high], q0, q2\n"
        "   letp lr, 1b\n"
        "2:\n"
        : [from] "+r"(from), [weights] "+r"(weights), [low] "+r"(low), [high] "+r"(high),
          [next_low] "+r"(next_low), [next_high] "+r"(next_high)
        : [count] "r"(count), [falls] "w"(falls), [rises] "w"(rises)
        : "q0", "q1", "q2", "lr", "memory");
    energy += count;
    weight += 2 * count;
    if (band >= 0) {
      *sums++ = (int64_t)((uint64_t)high << 32 | low);
    }
  }
}
