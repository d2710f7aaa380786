/* SPDX-License-Identifier: Apache-2.0 */
#include <arm_acle.h>
#include <string.h>

#include "batch_matmul_sums.h"

/* Bytes 1 and 3, sign extended; GCC does not fold the rotation into the instruction by itself. */
static inline int16x2_t odd_bytes(int8x4_t word) {
  int16x2_t halves;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(halves) : "r"(word));
  return halves;
}

static inline int8x4_t load_word(const int8_t *values) {
  int8x4_t word;
  memcpy(&word, values, 4);
  return word;
}

/* Adds the products of two rows with two columns: [row 0: column 0, column 1, row 1: ...]. Not
 * inlined, so that its loop has the registers to itself. */
static __attribute__((noinline)) void multiply_2x2(const int8_t *row, int32_t next_row,
                                                   const int8_t *column, int32_t next_column,
                                                   int32_t depth, int32_t sums[4]) {
  int32_t sum00 = sums[0], sum01 = sums[1], sum10 = sums[2], sum11 = sums[3];
  const int8_t *const end = row + depth;
  while (end - row >= 4) {
    int8x4_t word = load_word(column);
    const int16x2_t b0_even = __sxtb16(word), b0_odd = odd_bytes(word);
    word = load_word(column + next_column);
    const int16x2_t b1_even = __sxtb16(word), b1_odd = odd_bytes(word);
    word = load_word(row);
    int16x2_t a = __sxtb16(word);
    sum00 = __smlad(a, b0_even, sum00);
    sum01 = __smlad(a, b1_even, sum01);
    a = odd_bytes(word);
    sum00 = __smlad(a, b0_odd, sum00);
    sum01 = __smlad(a, b1_odd, sum01);
    word = load_word(row + next_row);
    a = __sxtb16(word);
    sum10 = __smlad(a, b0_even, sum10);
    sum11 = __smlad(a, b1_even, sum11);
    a = odd_bytes(word);
    sum10 = __smlad(a, b0_odd, sum10);
    sum11 = __smlad(a, b1_odd, sum11);
    row += 4;
    column += 4;
  }
  for (; row < end; row++) {
    sum00 += row[0] * column[0];
    sum01 += row[0] * column[next_column];
    sum10 += row[next_row] * column[0];
    sum11 += row[next_row] * column[next_column];
    column++;
  }
  sums[0] = sum00;
  sums[1] = sum01;
  sums[2] = sum10;
  sums[3] = sum11;
}

void batch_matmul_s8_dsp(const struct batch_matmul_s8 *op, const int8_t *first,
                         const int8_t *second, int8_t *out, void *scratch) {
  int32_t *offsets = scratch;
  const int32_t depth = op->depth, columns = op->columns;
  for (int32_t b = 0; b < op->batches; b++) {
    batch_matmul_offsets(op, second, offsets);
    for (int32_t m = 0; m < op->rows; m += 2) {
      /* The last row and column of an odd number are computed twice, to the same place. */
      const int32_t more_rows = m + 1 < op->rows;
      const int8_t *row = first + m * depth;
      const int32_t row0 = op->second_zero_point * batch_matmul_sum(row, depth);
      const int32_t row1 = op->second_zero_point * batch_matmul_sum(row + more_rows * depth, depth);
      int8_t *next = out + more_rows * columns;
      for (int32_t n = 0; n < columns; n += 2) {
        const int32_t more = n + 1 < columns;
        const int32_t offset0 = offsets[n], offset1 = offsets[n + more];
        int32_t sums[4] = {offset0 - row0, offset1 - row0, offset0 - row1, offset1 - row1};
        multiply_2x2(row, more_rows * depth, second + n * depth, more * depth, depth, sums);
        out[n] = batch_matmul_finish(op, sums[0]);
        out[n + more] = batch_matmul_finish(op, sums[1]);
        next[n] = batch_matmul_finish(op, sums[2]);
        next[n + more] = batch_matmul_finish(op, sums[3]);
      }
      out = next + columns;
    }
    first += op->first_step;
    second += op->second_step;
  }
}
