# SPDX-License-Identifier: Apache-2.0
"""Small programs on emulated boards: exact counts, output, faults, limits."""

import os
import shutil

import pytest

from mcunet_tf.benchmark import run_elf
from mcunet_tf.boards import load_board
from mcunet_tf.check import toolchain
from mcunet_tf.errors import BoardError, BudgetError, ToolError

pytestmark = pytest.mark.qemu

BOARDS = ("qemu-m4", "qemu-m7", "qemu-m55")


def program(body: str, before: str = "") -> dict[str, str]:
    return {"main.c": f'#include "region.h"\n{before}\nint main(void) {{\n{body}\nreturn 0;\n}}\n'}


LOOP = """
REGION_BEGIN();
__asm__ volatile("movw r0, #{n}\\n1: subs r0, #1\\n bne 1b" ::: "r0", "cc");
REGION_END();
"""


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("n", [1, 2, 1000])
@pytest.mark.sampled(2)
def test_a_known_loop_is_counted_exactly(board, n):
    region = run_elf(program(LOOP.format(n=n)), board).regions[0]
    assert region.instructions == 1 + 2 * n
    assert region.taken_branches == n - 1
    assert region.classes["alu"] == 1 + n
    assert region.classes["branch"] == n
    assert region.modelled_cycles == 1 + 2 * n + 2 * (n - 1)


def test_regions_come_in_order_and_repeat():
    body = LOOP.format(n=10) + LOOP.format(n=20) + LOOP.format(n=10)
    first = run_elf(program(body), "qemu-m4").regions
    assert [r.instructions for r in first] == [21, 41, 21]
    assert run_elf(program(body), "qemu-m4").regions == first


@pytest.mark.parametrize(
    ("code", "kind", "cycles"),
    [
        ("ldr r0, [sp]", "load", 2),
        ("ldrb r0, [sp, #3]", "load", 2),
        ("ldr.w r0, [sp, #300]", "load", 2),
        ("str r0, [sp, #-8]", "store", 1),
        ("ldrd r0, r1, [sp]", "load_multiple", 3),
        ("ldm sp, {r0-r3}", "load_multiple", 5),
        ("push {r0-r3}\\n add sp, #16", "store_multiple", 6),
        ("mul r0, r1", "mul", 1),
        ("mla r0, r1, r2, r3", "mul", 1),
        ("smlad r0, r1, r2, r3", "mul", 1),
        ("smmlar r0, r1, r2, r3", "mul", 1),
        ("smull r0, r1, r2, r3", "mull", 1),
        ("mov r1, #1\\n udiv r0, r0, r1", "div", 7),
        ("sxtb16 r0, r1, ror #8", "alu", 1),
        ("ssat r0, #8, r1", "alu", 1),
        ("pkhbt r0, r1, r2, lsl #16", "alu", 1),
        ("nop", "other", 1),
        ("b 1f\\n1:", "branch", 1),
        ("vadd.f32 s0, s1, s2", "fp_mve", 1),
        ("cmp r0, r0\\n it ne\\n movne r1, #1", "other", 2),
    ],
)
@pytest.mark.sampled(3)
def test_instructions_are_classified_and_priced(code, kind, cycles):
    body = f'REGION_BEGIN();\n__asm__ volatile("{code}" ::: "r0","r1","r2","r3","cc","memory");\n'
    region = run_elf(program(body + "REGION_END();"), "qemu-m4").regions[0]
    assert region.classes[kind] == 1
    assert region.modelled_cycles == cycles
    assert sum(region.classes.values()) == region.instructions


def test_a_load_after_a_load_is_pipelined():
    body = 'REGION_BEGIN(); __asm__ volatile("ldr r0,[sp]\\n ldr r1,[sp]\\n ldr r2,[sp]" ::: '
    body += '"r0","r1","r2"); REGION_END();'
    assert run_elf(program(body), "qemu-m4").regions[0].modelled_cycles == 4


def test_a_helium_instruction_is_two_beats():
    body = 'REGION_BEGIN(); __asm__ volatile("vadd.i8 q0, q1, q2" ::: "q0"); REGION_END();'
    region = run_elf(program(body), "qemu-m55").regions[0]
    assert (region.instructions, region.classes["fp_mve"], region.modelled_cycles) == (1, 1, 2)


def test_layers_share_out_a_region():
    nop = '__asm__ volatile("nop");'
    body = f"""
      REGION_BEGIN(); {nop}
      TINYENGINE_LAYER(0); {nop * 3}
      TINYENGINE_LAYER(7); {nop * 5}
      TINYENGINE_LAYER(0); {nop * 11}
      REGION_END();"""
    region = run_elf(program(body), "qemu-m4").regions[0]
    assert {layer.index: layer.instructions for layer in region.layers} == {-1: 1, 0: 14, 7: 5}
    assert region.instructions == 20


def test_output_and_printf():
    body = 'region_write("a\\0b", 3); printf("%d %.2f\\n", 42, 1.5);'
    assert run_elf(program(body, "#include <stdio.h>"), "qemu-m4").stdout == b"a\0b42 1.50\n"


def test_assembler_and_headers():
    sources = {
        **program("return answer() - ANSWER;", '#include "a/answer.h"\nint answer(void);'),
        "a/answer.h": "#define ANSWER 42\n",
        "answer.S": '#include "a/answer.h"\n.syntax unified\n.thumb\n.global answer\n'
        ".thumb_func\nanswer: movs r0, #ANSWER\n bx lr\n",
    }
    assert run_elf(sources, "qemu-m4").stdout == b""


@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m55", "stm32f746"])
@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("*(volatile int *)0x2FFFFFF0 = 1;", "bus error at 0x2ffffff0"),
        ('__asm__ volatile("udf #0");', "usage fault: undefined instruction"),
        ("volatile char a[200000]; for (int i = 199999; i >= 0; i--) { a[i] = 1; }", "fault"),
        ("return 3;", "failed: exit status 1"),
    ],
)
@pytest.mark.sampled(3)
def test_a_program_that_breaks_says_how(board, body, told):
    with pytest.raises(ToolError, match=told):
        run_elf(program(body), board)


@pytest.mark.parametrize("board", ["qemu-rv32", "qemu-rv32-zbb"])
@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("*(volatile int *)0x80000100 = 1;", "trap: store access violation at 0x80000100"),
        ('__asm__ volatile("unimp");', "trap: illegal instruction"),
        ("volatile char a[200000]; for (int i = 199999; i >= 0; i--) { a[i] = 1; }", "store acc"),
        ("return 3;", "failed: exit status 1"),
    ],
)
@pytest.mark.sampled(2)
def test_a_program_that_breaks_on_riscv_says_how(board, body, told):
    with pytest.raises(ToolError, match=told):
        run_elf(program(body), board)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("*(volatile int *)0x30000000 = 1;", "trap: bus error at 0x30000000"),
        ('__asm__ volatile("ill");', "trap: illegal instruction"),
        ("volatile char a[200000]; for (int i = 199999; i >= 0; i--) { a[i] = 1; }", "bus error"),
        ("return 3;", "failed: exit status 1"),
    ],
)
def test_a_program_that_breaks_on_xtensa_says_how(body, told, board="qemu-xtensa"):
    with pytest.raises(ToolError, match=told):
        run_elf(program(body), board)


def test_xtensa_is_counted_to_the_instruction(board="qemu-xtensa"):
    """Its compiler's library lacks products and quotients of integers: the runner brings them."""
    loop = "movi a8, 1000\\n1: addi a8, a8, -1\\n bnez a8, 1b\\n mull a8, a8, a8\\n l32i a9, a1, 0"
    quotients = 'printf("%d %u %lld %llu", -42 / v, 47u % v, -(1ll << 40) / v, (1ull << 40) % v);'
    asm = f'REGION_BEGIN(); __asm__ volatile("{loop}" ::: "a8", "a9"); REGION_END();'
    run = run_elf(program(f"{asm} {quotients}", "#include <stdio.h>\nvolatile int v = 7;"), board)
    (region,) = run.regions
    assert (region.instructions, region.classes["mul"], region.classes["load"]) == (2003, 1, 1)
    assert region.classes["branch"] == 1000
    assert run.stdout.decode() == f"-6 {47 % 7} {-((1 << 40) // 7)} {(1 << 40) % 7}"


def test_riscv_is_counted_to_the_instruction(board="qemu-rv32"):
    """Two a turn behind the first one; the bytes of `mul` and of a load say their class."""
    loop = "li t0, 1000\\n1: addi t0, t0, -1\\n bnez t0, 1b\\n mul t0, t0, t0\\n lw t0, 0(sp)"
    body = f'REGION_BEGIN(); __asm__ volatile("{loop}" ::: "t0"); REGION_END(); printf("%d", 42);'
    run = run_elf(program(body, "#include <stdio.h>"), board)
    (region,) = run.regions
    assert (region.instructions, run.stdout) == (2003, b"42")
    assert (region.classes["mul"], region.classes["load"], region.classes["branch"]) == (1, 1, 1000)


def test_an_extension_that_a_core_lacks_traps():
    """sh1add of Zba is an instruction on one of the two boards only."""
    asm = '__asm__ volatile(".option arch, +zba\\n sh1add t0, t0, t0" ::: "t0");'
    assert run_elf(program(asm), "qemu-rv32-zbb").stdout == b""
    with pytest.raises(ToolError, match="illegal instruction"):
        run_elf(program(asm), "qemu-rv32")


def test_vectors_are_counted_where_a_core_has_them():
    """Loads, stores and arithmetic are a class; without the extension the first one traps."""
    first = "vsetvli t0, zero, e8, m1, ta, ma"
    vector = "\\n".join([first, "vmv.v.i v8, 1", "vse8.v v8, (%0)", "vle8.v v9, (%0)"])
    asm = f'__asm__ volatile(".option arch, +v\\n {vector}" :: "r"(bytes) : "t0", "memory");'
    body = f"static char bytes[64]; REGION_BEGIN(); {asm} REGION_END(); return bytes[15] != 1;"
    (region,) = run_elf(program(body), "qemu-rv32v").regions
    assert region.classes["fp_mve"] == 4
    with pytest.raises(ToolError, match="illegal instruction"):
        run_elf(program(body), "qemu-rv32")


def test_a_program_without_end_is_stopped():
    with pytest.raises(ToolError, match="did not end within 1 s"):
        run_elf(program("for (;;) { }"), "qemu-m4", timeout_s=1.0)


def test_a_program_that_does_not_compile_says_where():
    with pytest.raises(ToolError, match=r"arm-none-eabi-gcc failed: .*main.c:4.*error"):
        run_elf(program("nonsense"), "qemu-m4")


@pytest.mark.parametrize(
    ("board", "before", "block", "available"),
    [
        ("stm32f412", "char big[262144];", "SRAM", 262144),
        ("stm32f746", "char big[327680];", "DTCM_SRAM1_SRAM2", 327680),
        ("stm32h743", "char big[524288];", "AXI_SRAM", 524288),
        ("stm32f412", "const char big[1048576] = {1};", "FLASH", 1048576),
    ],
)
def test_what_does_not_fit_the_real_board_does_not_link(board, before, block, available):
    body = "volatile char *p = (volatile char *)big; return *p - *p;"
    with pytest.raises(BudgetError) as caught:
        run_elf(program(body, before), board)
    assert f"{block} needs " in str(caught.value)
    assert f"but has {available};" in str(caught.value)


def test_the_host_is_no_emulated_board():
    with pytest.raises(BoardError, match="host has no emulator"):
        run_elf(program(""), "host")


@pytest.mark.parametrize(
    ("board", "tool", "package"),
    [
        ("qemu-m4", "arm-none-eabi-gcc", "gcc-arm-none-eabi"),
        ("qemu-m4", "qemu-system-arm", "qemu-system-arm"),
        ("qemu-rv32", "riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf picolibc"),
        ("qemu-rv32", "qemu-system-riscv32", "qemu-system-riscv"),
        ("qemu-xtensa", "xtensa-lx106-elf-gcc", "gcc-xtensa-lx106 picolibc-xtensa"),
        ("qemu-xtensa", "qemu-system-xtensa", "qemu-system-misc"),
    ],
)
def test_a_missing_tool_names_its_package(board, tool, package, monkeypatch):
    which = toolchain.shutil.which
    monkeypatch.setattr(
        toolchain.shutil, "which", lambda name: None if name == tool else which(name)
    )
    with pytest.raises(ToolError, match=f"{tool} is not installed.*apt install {package}"):
        run_elf(program(""), board)


def test_a_source_that_changes_while_it_is_compiled_gives_what_its_key_says(tmp_path, monkeypatch):
    """An object kept under the hash of a text that it does not come from would be found again."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    source, run_tool = tmp_path / "edited.c", toolchain.run_tool
    source.write_text("int before = 1;\n")

    def saved_meanwhile(command, **more):
        if "-c" in command:
            source.write_text("int after = 2;\n")
        return run_tool(command, **more)

    monkeypatch.setattr(toolchain, "run_tool", saved_meanwhile)
    (first,) = toolchain.compile_sources(load_board("portable"), [toolchain.Source(source)])
    (second,) = toolchain.compile_sources(load_board("portable"), [toolchain.Source(source)])
    assert b"before" in first.read_bytes() and b"after" not in first.read_bytes()
    assert b"after" in second.read_bytes() and b"before" not in second.read_bytes()


def test_an_older_linker_is_given_no_option_of_a_newer_one(tmp_path, monkeypatch):
    """That of Ubuntu 22.04, binutils 2.38, knows no --no-warn-rwx-segments."""
    compiler = tmp_path / "arm-none-eabi-gcc"
    compiler.write_text(
        '#!/bin/sh\nfor word; do\n  case "$word" in\n    *rwx-segments) echo "ld: error: '
        f'unrecognized option $word" >&2; exit 1 ;;\n  esac\ndone\n'
        f'exec {shutil.which("arm-none-eabi-gcc")} "$@"\n'
    )
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    run = run_elf({"main.c": "int main(void) { return 0; }"}, "qemu-m4")
    assert run.regions == []
