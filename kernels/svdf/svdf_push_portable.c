/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "svdf.h"

#define RUN_BYTES 16 /* moved at once: all are read before the first is written */

void svdf_push_portable(const struct svdf_push *op, const int8_t *state, const int8_t *features,
                        int8_t *out, int32_t pixels, void *scratch) {
  (void)pixels;
  (void)scratch;
  const int32_t item = op->item_bytes, window = op->memory * item;
  const int32_t bytes = op->windows * window - item;
  /* All windows at once: the last value of each is the next one's first, until it is replaced. */
  int32_t i = 0;
  for (; i + RUN_BYTES <= bytes; i += RUN_BYTES) {
    uint32_t run[RUN_BYTES / 4];
    memcpy(run, &state[item + i], sizeof run);
    memcpy(&out[i], run, sizeof run);
  }
  for (; i < bytes; i++) {
    out[i] = state[item + i];
  }
  int8_t *last = out + window - item;
  for (int32_t w = 0; w < op->windows; w++) {
    for (int32_t b = 0; b < item; b++) {
      last[b] = (int8_t)(uint8_t)(*features++ + op->offset);
    }
    last += window;
  }
}
