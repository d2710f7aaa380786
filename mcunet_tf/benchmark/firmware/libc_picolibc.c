/* SPDX-License-Identifier: Apache-2.0
 *
 * The streams that picolibc's printf asks for.
 */
#include <stdio.h>

#include "firmware.h"
#include "region.h"

static int put(char character, FILE *file) {
  (void)file;
  region_write(&character, 1);
  return (unsigned char)character;
}

static FILE console = FDEV_SETUP_STREAM(put, NULL, NULL, _FDEV_SETUP_WRITE);
FILE *const stdout = &console;
FILE *const stderr = &console;

__attribute__((noreturn)) void _exit(int status);
void _exit(int status) {
  firmware_exit(status);
}
