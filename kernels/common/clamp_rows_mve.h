/* SPDX-License-Identifier: Apache-2.0
 *
 * Clamps rows that are written, with Helium: for kernels in which few layers have other limits than
 * int8's.
 */
#ifndef KERNELS_COMMON_CLAMP_ROWS_MVE_H_
#define KERNELS_COMMON_CLAMP_ROWS_MVE_H_

#include <arm_mve.h>
#include <stdint.h>

static inline void clamp_rows_mve(int8_t *const *rows, int32_t count, int32_t bytes, int32_t min,
                                  int32_t max) {
  if (min <= INT8_MIN && max >= INT8_MAX) {
    return;
  }
  const int8x16_t low = vdupq_n_s8((int8_t)min), high = vdupq_n_s8((int8_t)max);
  for (int32_t r = 0; r < count; r++) {
    int8_t *row = rows[r];
    for (int32_t left = bytes; left > 0; left -= (int32_t)sizeof(low), row += sizeof(low)) {
      const mve_pred16_t lanes = vctp8q((uint32_t)left);
      vstrbq_p_s8(row, vminq_s8(vmaxq_s8(vldrbq_z_s8(row, lanes), low), high), lanes);
    }
  }
}

#endif /* KERNELS_COMMON_CLAMP_ROWS_MVE_H_ */
