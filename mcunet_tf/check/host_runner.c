/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs one model on the host: all inputs of an inference on stdin, all its outputs on stdout and
 * behind them the nanoseconds (uint64) of the fastest run, until stdin ends. The argument is how
 * often each inference is run.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model_under_test.h"

static uint8_t arena[TESTED_ARENA_BYTES] __attribute__((aligned(TESTED_ARENA_ALIGNMENT)));
static uint8_t *given[TESTED_INPUTS]; /* an inference may overwrite its inputs */

static uint64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t run_once(void) {
  for (uint32_t i = 0; i < TESTED_INPUTS; i++) {
    memcpy(tested_input(i, arena), given[i], tested_input_bytes[i]);
  }
  const uint64_t start = nanoseconds();
  TESTED_INVOKE(arena);
  return nanoseconds() - start;
}

int main(int argc, char **argv) {
  const int repeats = argc > 1 ? atoi(argv[1]) : 1;
  for (uint32_t i = 0; i < TESTED_INPUTS; i++) {
    given[i] = malloc(tested_input_bytes[i]);
  }
#ifdef TESTED_SETUP /* what a model remembers */
  TESTED_SETUP(arena);
#endif
  for (;;) {
    for (uint32_t i = 0; i < TESTED_INPUTS; i++) {
      if (fread(given[i], 1, tested_input_bytes[i], stdin) != tested_input_bytes[i]) {
        return 0;
      }
    }
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < repeats; i++) {
      const uint64_t taken = run_once();
      best = taken < best ? taken : best;
    }
    for (uint32_t i = 0; i < TESTED_OUTPUTS; i++) {
      fwrite(tested_output(i, arena), 1, tested_output_bytes[i], stdout);
    }
    fwrite(&best, sizeof best, 1, stdout);
  }
}
