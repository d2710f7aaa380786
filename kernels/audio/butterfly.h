/* SPDX-License-Identifier: Apache-2.0
 *
 * A butterfly of radix 4; the file that includes this one has included complex numbers.
 */
#ifndef KERNELS_AUDIO_BUTTERFLY_H_
#define KERNELS_AUDIO_BUTTERFLY_H_

#include <stdint.h>

static inline void butterfly(uint32_t *out, int32_t span, uint32_t a, uint32_t b, uint32_t c,
                             uint32_t d) {
  const uint32_t even = complex_add(a, c), odd = complex_subtract(a, c);
  const uint32_t total = complex_add(b, d), rest = complex_subtract(b, d);
  out[0] = complex_add(even, total);
  out[span] = complex_subtract_turned(odd, rest);
  out[2 * span] = complex_subtract(even, total);
  out[3 * span] = complex_add_turned(odd, rest);
}

#endif /* KERNELS_AUDIO_BUTTERFLY_H_ */
