/* SPDX-License-Identifier: Apache-2.0
 *
 * The system calls that newlib's printf asks for.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>

#include "firmware.h"
#include "region.h"

int _write(int file, const char *data, int size_bytes);
int _write(int file, const char *data, int size_bytes) {
  (void)file;
  region_write(data, (uint32_t)size_bytes);
  return size_bytes;
}

/* printf buffers its line here. */
void *_sbrk(ptrdiff_t increment);
void *_sbrk(ptrdiff_t increment) {
  static char heap[16384] __attribute__((aligned(8)));
  static ptrdiff_t used;
  if (increment > (ptrdiff_t)sizeof heap - used) {
    errno = ENOMEM;
    return (void *)-1;
  }
  used += increment;
  return heap + used - increment;
}

int _close(int file);
int _close(int file) {
  return file < 0 ? 0 : -1;
}

int _fstat(int file, struct stat *status);
int _fstat(int file, struct stat *status) {
  (void)file;
  status->st_mode = S_IFCHR;
  return 0;
}

int _isatty(int file);
int _isatty(int file) {
  return file >= 0;
}

int _lseek(int file, int offset, int whence);
int _lseek(int file, int offset, int whence) {
  (void)file;
  (void)offset;
  (void)whence;
  return 0;
}

int _read(int file, char *data, int size_bytes);
int _read(int file, char *data, int size_bytes) {
  (void)file;
  (void)data;
  (void)size_bytes;
  return 0;
}

int _kill(int process, int signal);
int _kill(int process, int signal) {
  (void)process;
  (void)signal;
  return -1;
}

int _getpid(void);
int _getpid(void) {
  return 1;
}

__attribute__((noreturn)) void _exit(int status);
void _exit(int status) {
  firmware_exit(status);
}
