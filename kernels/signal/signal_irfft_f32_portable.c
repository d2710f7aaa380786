/* SPDX-License-Identifier: Apache-2.0 */
#include "signal.h"

#include "pairs_f32.h"

void signal_irfft_f32_portable(const struct signal_transform_f32 *op, const int8_t *in, int8_t *out,
                               void *scratch) {
  real_inverses(op, reals(in), reals_out(out), scratch);
}
