/* SPDX-License-Identifier: Apache-2.0
 *
 * The host's standard streams by semihosting, for emulated boards: whole blocks at a time,
 * where an emulated UART costs the emulator milliseconds per byte.
 */
#include "firmware.h"

#include "core.h"

enum { SYS_OPEN = 0x01, SYS_WRITE = 0x05, SYS_READ = 0x06 };
enum { MODE_READ = 1, MODE_WRITE = 5, BUFFER_BYTES = 64 };

static int32_t input;
static int32_t output;
static uint8_t buffer[BUFFER_BYTES];
static uint32_t buffered;
static uint32_t taken;

static int32_t open_console(uint32_t mode) {
  static const char name[] = ":tt";
  const uint32_t arguments[3] = {(uint32_t)name, mode, sizeof name - 1};
  return core_semihosting(SYS_OPEN, arguments);
}

/* Bytes read: as many as there are, at least one. The host ends the emulation by ending the stream.
 * */
static uint32_t read_some(void *data, uint32_t size_bytes) {
  const uint32_t arguments[3] = {(uint32_t)input, (uint32_t)data, size_bytes};
  const uint32_t missing = (uint32_t)core_semihosting(SYS_READ, arguments);
  if (missing >= size_bytes) {
    firmware_exit(0);
  }
  return size_bytes - missing;
}

void uart_init(void) {
  input = open_console(MODE_READ);
  output = open_console(MODE_WRITE);
}

void uart_write(const void *data, uint32_t size_bytes) {
  const uint32_t arguments[3] = {(uint32_t)output, (uint32_t)data, size_bytes};
  if (size_bytes) {
    (void)core_semihosting(SYS_WRITE, arguments);
  }
}

void uart_read(void *data, uint32_t size_bytes) {
  uint8_t *to = data;
  while (size_bytes) {
    if (taken < buffered) {
      *to++ = buffer[taken++];
      size_bytes--;
    } else if (size_bytes >= BUFFER_BYTES) {
      const uint32_t count = read_some(to, size_bytes);
      to += count;
      size_bytes -= count;
    } else {
      buffered = read_some(buffer, BUFFER_BYTES);
      taken = 0;
    }
  }
}
