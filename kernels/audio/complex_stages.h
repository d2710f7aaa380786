/* SPDX-License-Identifier: Apache-2.0
 *
 * The stages of a transform of complex values that are pairs, one by one. The file that includes
 * this one has
 *
 *   complex_part, struct complex_pair       the type of parts, and both
 *   complex_cell, get_complex, put_complex  what an array holds
 *   part_add, part_subtract
 *   complex_half, complex_quarter           divided, where sums must stay in the type
 *   complex_turned_quarter                  times a factor, too
 */
#ifndef KERNELS_AUDIO_COMPLEX_STAGES_H_
#define KERNELS_AUDIO_COMPLEX_STAGES_H_

#include <stdint.h>

static inline struct complex_pair complex_add(struct complex_pair a, struct complex_pair b) {
  const struct complex_pair out = {part_add(a.re, b.re), part_add(a.im, b.im)};
  return out;
}

static inline struct complex_pair complex_subtract(struct complex_pair a, struct complex_pair b) {
  const struct complex_pair out = {part_subtract(a.re, b.re), part_subtract(a.im, b.im)};
  return out;
}

static inline void pair_butterfly(complex_cell *cells, int32_t span, struct complex_pair a,
                                  struct complex_pair b, struct complex_pair c,
                                  struct complex_pair d) {
  const struct complex_pair even = complex_add(a, c), odd = complex_subtract(a, c);
  const struct complex_pair total = complex_add(b, d), rest = complex_subtract(b, d);
  const struct complex_pair second = {part_add(odd.re, rest.im), part_subtract(odd.im, rest.re)};
  const struct complex_pair fourth = {part_subtract(odd.re, rest.im), part_add(odd.im, rest.re)};
  put_complex(cells, complex_add(even, total));
  put_complex(cells + span, second);
  put_complex(cells + 2 * span, complex_subtract(even, total));
  put_complex(cells + 3 * span, fourth);
}

static inline void first_pairs(complex_cell *cells, int32_t points, int32_t radix) {
  for (const complex_cell *const end = cells + points; cells != end; cells += radix) {
    if (radix == 2) {
      const struct complex_pair a = complex_half(get_complex(cells));
      const struct complex_pair b = complex_half(get_complex(cells + 1));
      put_complex(cells, complex_add(a, b));
      put_complex(cells + 1, complex_subtract(a, b));
    } else {
      pair_butterfly(
          cells, 1, complex_quarter(get_complex(cells)), complex_quarter(get_complex(cells + 1)),
          complex_quarter(get_complex(cells + 2)), complex_quarter(get_complex(cells + 3)));
    }
  }
}

/* `span` butterflies side by side. */
static inline void pair_row(complex_cell *cell, int32_t span, const complex_part *factor) {
  const complex_part *const last = factor + 2 * span;
  while (factor != last) {
    const struct complex_pair a = complex_quarter(get_complex(cell));
    const struct complex_pair c =
        complex_turned_quarter(get_complex(cell + 2 * span), factor + 2 * span);
    const struct complex_pair b = complex_turned_quarter(get_complex(cell + span), factor);
    const struct complex_pair d =
        complex_turned_quarter(get_complex(cell + 3 * span), factor + 4 * span);
    pair_butterfly(cell, span, a, b, c, d);
    factor += 2;
    cell++;
  }
}

#include "pair_stages.h"

#endif /* KERNELS_AUDIO_COMPLEX_STAGES_H_ */
