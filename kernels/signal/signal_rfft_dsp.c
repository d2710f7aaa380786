/* SPDX-License-Identifier: Apache-2.0 */
#include "signal.h"

#include "../audio/transform_dsp.h"
#include "real_transform.h"

void signal_rfft_dsp(const struct signal_rfft *op, const int8_t *in, int8_t *out, void *scratch) {
  real_transforms(op, in, out, scratch);
}
