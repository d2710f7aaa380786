# SPDX-License-Identifier: Apache-2.0
"""Projects of all formats, what their examples print, and a board for Arduino's build tool."""

from __future__ import annotations

import functools
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.boards import linker_script, load_board
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.compiler import CompiledModel
from mcunet_tf.tinyengine.emit.formats import format_names
from mcunet_tf.tinyengine.evaluate import evaluate
from tests.tinyengine.small_models import small_network

FORMATS = tuple(name for name in format_names() if name != "wasm")


@functools.cache
def project(formats: tuple[str, ...] = FORMATS, board: str = "qemu-m4") -> CompiledModel:
    return compile_tflite(small_network(), board, name="kws", formats=formats)


def zero_point_outputs(compiled: CompiledModel) -> np.ndarray:
    """What a network says of an input of zero points: examples begin with it."""
    inputs = [np.full(i.shape, i.zero_point, i.dtype) for i in compiled.inputs]
    return evaluate(compiled.graph, inputs)[0].reshape(-1)


def check_told(text: str, compiled: CompiledModel) -> None:
    """Holds a line of an example against the reference in numpy."""
    found = re.search(rf"{compiled.name}: class (\d+), value (-?\d+)", text)
    assert found, text[:1000]
    values = zero_point_outputs(compiled)
    best = int(np.argmax(values))
    assert (int(found[1]), int(found[2])) == (best, int(values[best]))


def needed(tool: str, package: str) -> str:
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"{tool} is not installed: {package}")
    return path


# A core for Arduino's build tool, with Serial over semihosting: Cortex-M under QEMU.
ARDUINO_H = """
#pragma once
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#define F(text) text
#define B1 1
#define PI 3.14
#define bit(b) (1UL << (b))
#define round(x) ((x) >= 0 ? (long)((x) + 0.5) : (long)((x) - 0.5))
#define sq(x) ((x) * (x))
#define constrain(v, low, high) ((v) < (low) ? (low) : ((v) > (high) ? (high) : (v)))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define abs(x) ((x) > 0 ? (x) : -(x))
class Output {
 public:
  void begin(unsigned long) {}
  void print(const char *text);
  void print(long value);
  void print(int value) { print((long)value); }
  void print(unsigned long value) { print((long)value); }
  void println(const char *text);
  explicit operator bool() const { return true; }
};
extern Output Serial;
unsigned long micros();
void delay(unsigned long);
void setup();
void loop();
"""
ARDUINO_CPP = """
#include "Arduino.h"
Output Serial;
static void host(int operation, const void *block) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = block;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}
void Output::print(const char *text) { host(0x04, text); }
void Output::println(const char *text) { print(text); print("\\n"); }
void Output::print(long value) {
  char text[12], *at = text + 11;
  unsigned long rest = value < 0 ? 0ul - (unsigned long)value : (unsigned long)value;
  *at = 0;
  do *--at = (char)('0' + rest % 10); while (rest /= 10);
  if (value < 0) *--at = '-';
  print(at);
}
unsigned long micros() { return 0; }
void delay(unsigned long) { host(0x18, (const void *)0x20026); for (;;) {} }
extern "C" {
extern uint32_t __stack_top[];
void firmware_reset();
void firmware_reset() {
  *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20;
  extern uint32_t __bss_start[], __bss_end[];
  for (volatile uint32_t *to = __bss_start; to < __bss_end;) *to++ = 0;
  setup();
  for (;;) loop();
}
__attribute__((section(".vectors"), used)) const void *const vectors[2] = {
    __stack_top, (const void *)firmware_reset};
void _exit(int) { for (;;) {} }
}
"""
_GCC, _GXX = '"arm-none-eabi-gcc"', '"arm-none-eabi-g++"'
_OBJECT = '{includes} "{source_file}" -o "{object_file}"'
_ARDUINO_RECIPES = {
    "name": "Emulated",
    "version": "1.0.0",
    "compiler.flags": "-c -Os -ffunction-sections -fdata-sections {build.cpu} -MMD",
    "recipe.c.o.pattern": f"{_GCC} {{compiler.flags}} -std=gnu11 {_OBJECT}",
    "recipe.cpp.o.pattern": (
        f"{_GXX} {{compiler.flags}} -std=gnu++11 -fno-exceptions -fno-rtti {_OBJECT}"
    ),
    "recipe.S.o.pattern": f"{_GCC} {{compiler.flags}} -x assembler-with-cpp {_OBJECT}",
    "recipe.ar.pattern": '"arm-none-eabi-ar" rcs "{archive_file_path}" "{object_file}"',
    "recipe.c.combine.pattern": (
        f"{_GCC} {{build.cpu}} --specs=nosys.specs -nostartfiles -Wl,--gc-sections "
        '-T {build.script} -o "{build.path}/{build.project_name}.elf" '
        '-Wl,--start-group {object_files} "{archive_file_path}" -lm -Wl,--end-group'
    ),
    "recipe.preproc.macros": (
        f"{_GXX} {{compiler.flags}} -w -x c++ -E -CC {{includes}} "
        '"{source_file}" -o "{preprocessed_file_path}"'
    ),
    "preproc.includes.flags": "-w -x c++ -M -MG -MP",
    "recipe.preproc.includes": (
        f'{_GXX} {{compiler.flags}} {{preproc.includes.flags}} {{includes}} "{{source_file}}"'
    ),
    "tools.ctags.path": "/usr/bin",
    "tools.ctags.cmd.path": "/usr/bin/arduino-ctags",
    "tools.ctags.pattern": (
        '"{cmd.path}" -u --language-force=c++ -f - --c++-kinds=svpf --fields=KSTtzns '
        '--line-directives "{source_file}"'
    ),
}
PLATFORM = "".join(f"{key}={value}\n" for key, value in _ARDUINO_RECIPES.items())


def write_arduino_core(folder: Path, board: str) -> Path:
    """The `hardware` folder of an emulated board, as Arduino's build tool wants it."""
    target = load_board(board)
    core = folder / "hardware" / "test" / "arm"
    (core / "cores" / "emulated").mkdir(parents=True)
    script = folder / "board.ld"
    script.write_text(linker_script(target))
    cpu = " ".join(target.compiler_flags)
    lines = {
        "name": "Emulated",
        "build.core": "emulated",
        "build.board": "EMULATED",
        "build.cpu": cpu,
        "build.script": str(script),
    }
    text = "".join(f"emulated.{key}={value}\n" for key, value in lines.items())
    (core / "boards.txt").write_text(text)
    (core / "platform.txt").write_text(PLATFORM)
    (core / "cores" / "emulated" / "Arduino.h").write_text(ARDUINO_H)
    (core / "cores" / "emulated" / "core.cpp").write_text(ARDUINO_CPP)
    return folder / "hardware"
