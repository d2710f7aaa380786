/* SPDX-License-Identifier: Apache-2.0 */
#include "audio_wide.h"
#include "high_product_portable.h"
#include "wide_stages.h"

void audio_wide_transform_portable(const struct audio_wide_spectrum *op, union audio_bin *bins) {
  transform_pairs(bins, op->points, op->twiddles);
}
