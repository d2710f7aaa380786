/* SPDX-License-Identifier: Apache-2.0 */
#include "signal.h"

#include "real_transform_mve.h"

void signal_rfft_mve(const struct signal_transform *op, const int8_t *in, int8_t *out,
                     void *scratch) {
  real_transforms(op, read_s16(in), write_s16(out), scratch);
}
