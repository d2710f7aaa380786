/* SPDX-License-Identifier: Apache-2.0 */
#include "signal.h"

#include "../audio/transform_dsp.h"
#include "words_q15.h"

void signal_rfft_dsp(const struct signal_transform *op, const int8_t *in, int8_t *out,
                     void *scratch) {
  real_transforms(op, read_s16(in), write_s16(out), scratch);
}
