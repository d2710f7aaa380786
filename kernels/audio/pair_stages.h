/* SPDX-License-Identifier: Apache-2.0
 *
 * The transform of complex values that are pairs; the file that includes this one has complex_part
 * and complex_cell, the first stage as first_pairs, and all others, of radix 4, as pair_row.
 *
 * As in transform_stages.h, a stage of radix r and span m makes transforms of r m points of r
 * neighbouring ones of m points.
 */
#ifndef KERNELS_AUDIO_PAIR_STAGES_H_
#define KERNELS_AUDIO_PAIR_STAGES_H_

#include <stdint.h>

static inline void transform_pairs(complex_cell *cells, int32_t points,
                                   const complex_part *twiddles) {
  int32_t radix = 4;
  for (int32_t left = points; left > 1; left >>= 2) {
    radix = left == 2 ? 2 : 4;
  }
  first_pairs(cells, points, radix);
  for (int32_t span = radix; span < points; span *= 4) {
    for (int32_t first = 0; first < points; first += 4 * span) {
      pair_row(cells + first, span, twiddles);
    }
    twiddles += 6 * span;
  }
}

#endif /* KERNELS_AUDIO_PAIR_STAGES_H_ */
