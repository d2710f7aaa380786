/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs one model on the host: all inputs of an inference on stdin, all its outputs on stdout, until
 * stdin ends.
 */
#include <stdint.h>
#include <stdio.h>

#include "model_under_test.h"

static uint8_t arena[MODEL_ARENA_BYTES] __attribute__((aligned(MODEL_ARENA_ALIGNMENT)));

int main(void) {
  for (;;) {
    for (uint32_t i = 0; i < MODEL_INPUTS; i++) {
      if (fread(model_input(i, arena), 1, model_input_bytes[i], stdin) != model_input_bytes[i]) {
        return 0;
      }
    }
    MODEL_INVOKE(arena);
    for (uint32_t i = 0; i < MODEL_OUTPUTS; i++) {
      fwrite(model_output(i, arena), 1, model_output_bytes[i], stdout);
    }
  }
}
