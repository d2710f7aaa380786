/* SPDX-License-Identifier: Apache-2.0
 *
 * Searches the smallest arena, a multiple of 16 bytes, that TF-Lite Micro's interpreter accepts.
 * Writes two words: its size, and whether even the largest is refused.
 */
#include <stdint.h>

#include "region.h"
#include "tflm_config.h"

enum { STEP_BYTES = 16 };

uint32_t tflm_prepare(void *arena, uint32_t arena_bytes);

static uint8_t arena[TFLM_ARENA_BYTES] __attribute__((aligned(16), section(".arena")));

int main(void) {
  const uint32_t used = tflm_prepare(arena, TFLM_ARENA_BYTES);
  uint32_t answer[2] = {0, used == 0};
  /* Half of what it uses is never enough; what it uses may lack some alignment. */
  uint32_t refused = used / 2 / STEP_BYTES;
  uint32_t accepted = used / STEP_BYTES + 64;
  while (used && accepted - refused > 1) {
    const uint32_t middle = refused + (accepted - refused) / 2;
    if (tflm_prepare(arena, middle * STEP_BYTES)) {
      accepted = middle;
    } else {
      refused = middle;
    }
  }
  answer[0] = accepted * STEP_BYTES;
  region_write(answer, sizeof answer);
  return 0;
}
