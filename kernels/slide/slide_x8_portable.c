/* SPDX-License-Identifier: Apache-2.0 */
#include "slide.h"

#include <stddef.h>
#include <string.h>

static uint32_t word_of(const int8_t *bytes) {
  uint32_t word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

static void put_word(int8_t *bytes, uint32_t word) {
  memcpy(bytes, &word, sizeof word);
}

/* Bytes that may move down by less than a word, for which memmove would take them one by one. */
static void move_down(int8_t *to, const int8_t *from, int32_t bytes) {
  for (; bytes >= 16; bytes -= 16, to += 16, from += 16) {
    const uint32_t words[4] = {word_of(from), word_of(from + 4), word_of(from + 8),
                               word_of(from + 12)};
    put_word(to, words[0]);
    put_word(to + 4, words[1]);
    put_word(to + 8, words[2]);
    put_word(to + 12, words[3]);
  }
  for (; bytes >= 4; bytes -= 4, to += 4, from += 4) {
    put_word(to, word_of(from));
  }
  for (; bytes > 0; bytes--) {
    *to++ = *from++;
  }
}

void slide_x8_portable(const struct slide_x8 *op, const int8_t *held, const int8_t *new_rows,
                       int8_t *out, void *scratch) {
  (void)scratch;
  move_down(out, held + op->new_bytes, op->kept_bytes);
  memcpy(out + op->kept_bytes, new_rows, (size_t)op->new_bytes);
}
