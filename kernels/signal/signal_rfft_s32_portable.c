/* SPDX-License-Identifier: Apache-2.0 */
#include "signal.h"

#include "pairs_q31.h"

void signal_rfft_s32_portable(const struct signal_transform_s32 *op, const int8_t *in, int8_t *out,
                              void *scratch) {
  real_transforms(op, values_s32(in), values_s32_out(out), scratch);
}
