/* SPDX-License-Identifier: Apache-2.0
 *
 * Included before every file of a counted build. A mark is an address in a table beside the code:
 * it adds no instruction, so that the counted image is the one whose sizes are reported. It only
 * keeps the compiler from moving instructions from one layer into the next.
 */
#ifndef TINYENGINE_LAYER
#define TINYENGINE_LAYER(index) \
  __asm__ volatile("1:\n\t.pushsection .layer_marks\n\t.word 1b, %c0\n\t.popsection" ::"i"(index))
#endif
