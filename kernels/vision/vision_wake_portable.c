/* SPDX-License-Identifier: Apache-2.0 */
#include "vision.h"

int32_t vision_wake_portable(const struct vision_stage *stage, struct vision_wakefulness *state,
                             int32_t score) {
  const int32_t speaks = state->awake ? score < stage->sleep : score >= stage->wake;
  state->run = speaks ? state->run + 1 : 0;
  if (state->run >= (state->awake ? stage->down : stage->up)) {
    state->awake = !state->awake;
    state->run = 0;
  }
  return state->awake;
}
