# SPDX-License-Identifier: Apache-2.0
"""Weights, memories and code in the sections that the user names."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.benchmark import run_on_board
from mcunet_tf.boards import load_board
from mcunet_tf.check.toolchain import find_tool
from mcunet_tf.errors import McunetError
from mcunet_tf.tinyengine import combine, compile_tflite
from mcunet_tf.tinyengine.emit.hot_weights import bytes_read, hot_weights, memory_sizes
from mcunet_tf.tinyengine.emit.placement import placed_code
from mcunet_tf.tinyengine.emit.sources import kernel_path
from mcunet_tf.tinyengine.emit.symbols import emitted_sources
from mcunet_tf.tinyengine.kernel_tables import KERNELS
from tests.formats.projects import needed, zero_point_outputs
from tests.ops.all_cases import CASES
from tests.ops.programs import write_files
from tests.tinyengine.small_models import small_network

PLACE = {"weights": ".ext_flash", "arena": ".dtcm", "code": ".itcm"}


def sections(tool: str, item: Path) -> dict[str, str]:
    """The section of every symbol that an object defines, mapping symbols left out."""
    listed = subprocess.run([tool, "-t", str(item)], check=True, capture_output=True, text=True)
    found = {}
    for line in listed.stdout.splitlines():
        words = line.split()
        if len(words) < 4 or words[-1].startswith((".", "$")) or "*" in line:
            continue
        place = next((w for w in words[1:] if w.startswith(".")), None)
        if place:
            found[words[-1]] = place
    return found


@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m55"])
def test_every_function_and_constant_is_where_it_is_wanted(board, tmp_path):
    needed("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi")
    compiled = compile_tflite(small_network(), board, name="m", place=PLACE)
    flags = [*load_board(board).compiler_flags, "-O1", "-ffunction-sections", f"-I{tmp_path}"]
    paths = write_files(tmp_path, compiled.files)
    for path in paths:
        item = path.with_suffix(".o")
        command = [find_tool("arm-none-eabi-gcc"), *flags, "-c", str(path), "-o", str(item)]
        subprocess.run(command, check=True)
        placed = sections("arm-none-eabi-objdump", item)
        code = {name: s for name, s in placed.items() if not s.startswith((".rodata", ".bss"))}
        if path.name == "m_weights.c":
            assert placed and set(placed.values()) == {".ext_flash"}
        elif path.name == "main.c":
            assert placed["arena_memory"] == ".dtcm"
        else:
            assert code and set(code.values()) == {".itcm"}, (path.name, code)


@pytest.mark.slow
def test_every_kernel_is_where_it_is_wanted(tmp_path):
    """Functions that macros make, too; the Cortex-M55 compiles all but those for computers."""
    needed("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi")
    rows = {k.name: k for table in KERNELS.values() for k in table if k.source is None}
    paths = {kernel_path(k.folder, k.name) for k in rows.values() if k.isa != "simd"}
    paths |= {f"{k.folder}/{k.folder}.h" for k in rows.values()}
    emitted = emitted_sources(sorted(paths))
    placed = {path: placed_code(path, text, ".itcm") for path, text in emitted.items()}
    write_files(tmp_path, placed)
    command = [find_tool("arm-none-eabi-gcc"), *load_board("qemu-m55").compiler_flags, "-O1"]
    item = tmp_path / "item.o"
    for path in sorted(paths):
        if path.endswith(".h"):
            continue
        flags = ["-ffunction-sections", "-c", str(tmp_path / path), "-o", str(item)]
        subprocess.run([*command, *flags], check=True)
        found = sections("arm-none-eabi-objdump", item)
        assert not [name for name, place in found.items() if place.startswith(".text")], path
        assert ".itcm" in found.values(), path


def test_a_placed_program_says_the_same(tmp_path):
    """On this computer, whose linker takes sections of any name."""
    compiled = compile_tflite(small_network(), "portable", name="m", place=PLACE)
    paths = write_files(tmp_path, compiled.files)
    built = str(tmp_path / "program")
    command = [find_tool("cc"), f"-I{tmp_path}", *map(str, paths), "-lm", "-o", built]
    subprocess.run(command, check=True)
    told = subprocess.run([built], check=True, capture_output=True, text=True).stdout
    values = [int(line.split()[0]) for line in told.splitlines()]
    assert values == zero_point_outputs(compiled).tolist()
    assert {".ext_flash", ".dtcm", ".itcm"} <= set(sections("objdump", Path(built)).values())


def test_a_build_may_say_otherwise(tmp_path):
    compiled = compile_tflite(small_network(), "portable", name="m")
    files = {p: t for p, t in compiled.files.items() if p.startswith(("m", "kernels"))}
    write_files(tmp_path, files)
    item = tmp_path / "weights.o"
    define = '-DM_WEIGHTS=__attribute__((section(".mine")))'
    source = str(tmp_path / "m_weights.c")
    command = [find_tool("cc"), define, f"-I{tmp_path}", "-c", source, "-o", str(item)]
    subprocess.run(command, check=True)
    assert set(sections("objdump", item).values()) == {".mine"}


def test_text_and_mapping_are_the_same_and_a_firmware_has_its_models_places():
    text = ",".join(f"{what}:{section}" for what, section in PLACE.items())
    models = [
        compile_tflite(small_network(), "stm32h743", name="m", place="arena:.dtcm,code:.itcm"),
        compile_tflite(small_network(), "qemu-m4", name="m", place=PLACE),
        compile_tflite(small_network(), "qemu-m4", name="m", place=text),
    ]
    assert models[1].files == models[2].files
    made = combine(models[1:2], "app")
    assert '#define APP_ARENA __attribute__((section(".dtcm")))' in made.files["app.h"]
    assert (
        '#define APP_WEIGHTS __attribute__((section(".ext_flash")))'
        in (made.files["app_weights.c"])
    )


def test_the_weights_that_are_read_most_go_first_and_fill_no_more_than_there_is(tmp_path):
    needed("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi")
    place = {"weights": ".ext_flash", "hot_weights": ".dtcm=300"}
    compiled = compile_tflite(small_network(), "qemu-m4", name="m", place=place)
    write_files(tmp_path, compiled.files)
    item = tmp_path / "weights.o"
    flags = [*load_board("qemu-m4").compiler_flags, f"-I{tmp_path}"]
    source = str(tmp_path / "m_weights.c")
    command = [find_tool("arm-none-eabi-gcc"), *flags, "-c", source, "-o", str(item)]
    subprocess.run(command, check=True)
    placed = sections("arm-none-eabi-objdump", item)
    arrays = compiled.project.pool.arrays
    assert placed.keys() == arrays.keys()
    hot = {symbol for symbol, section in placed.items() if section == ".dtcm"}
    assert {placed[symbol] for symbol in arrays.keys() - hot} == {".ext_flash"}
    size = sum(arrays[symbol].size_bytes for symbol in hot)
    assert 200 < size <= 300
    reads = bytes_read(compiled.project)
    often = {symbol: reads[symbol] / arrays[symbol].size_bytes for symbol in arrays}
    # Whatever is read more often than something that is in, and is out, found no room.
    least = min(often[symbol] for symbol in hot)
    for symbol in arrays.keys() - hot:
        assert often[symbol] <= least or arrays[symbol].size_bytes > 300 - size - 8
    # The convolutions' weights are read at 36 positions, the last layer's once.
    assert any(often[symbol] > 10 for symbol in hot)
    text = compiled.files["report.txt"]
    assert f"{len(hot)} of {len(arrays)} arrays of constants are in .dtcm" in text


def test_hot_weights_take_what_the_boards_memory_has_beside_the_arena():
    def chosen(place):
        compiled = compile_tflite(small_network(), "stm32h743", name="m", place=place)
        return hot_weights([compiled.project], memory_sizes(compiled.project.arenas))

    alone = chosen("hot_weights:.dtcm")
    beside = chosen("hot_weights:.dtcm,arena:.dtcm")
    assert alone.limit_bytes == 131072
    arena = compile_tflite(small_network(), "stm32h743", name="m").plan.arena_bytes
    assert beside.limit_bytes == 131072 - arena
    assert alone.share == 1


@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m55"])
def test_a_board_that_copies_hot_weights_to_ram_says_the_same(board):
    needed("arm-none-eabi-gcc", "apt install gcc-arm-none-eabi")
    images = np.random.default_rng(3).integers(-128, 128, (2, 1, 6, 6, 2)).astype(np.int8)
    inputs = [(image,) for image in images]
    plain = run_on_board(compile_tflite(small_network(), board, name="m"), board, inputs)
    place = "hot_weights:.data.model=300"
    hot = run_on_board(compile_tflite(small_network(), board, name="m", place=place), board, inputs)
    for one, other in zip(plain.outputs, hot.outputs, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
    assert 200 < hot.sizes.static_bytes - plain.sizes.static_bytes <= 304


def test_several_models_share_the_memory_of_hot_weights():
    """What is said of each one alone would be wrong: the arrays of all are chosen together."""
    place = "hot_weights:.data.model=700"
    nets = [compile_tflite(small_network(), "stm32h743", name=n, place=place) for n in ("a", "b")]
    other = compile_tflite(CASES["DEPTHWISE_CONV_2D"][0].model, "stm32h743", name="b", place=place)
    made = combine([nets[0], other], "app")
    hot = re.findall(r"^APP_HOT_WEIGHTS const (\w+) (\w+)", made.files["app_weights.c"], re.M)
    arrays = {**nets[0].project.pool.arrays, **other.project.pool.arrays}
    size = sum(-(-arrays[symbol].size_bytes // 8) * 8 for _, symbol in hot)
    said = f"{len(hot)} of {len(arrays)} arrays of constants are in .data.model: {size} of 700"
    assert said in made.summary()
    assert made.files["report.txt"].count("arrays of constants are in") == 1
    # Equal constants are there once.
    twice = combine(nets, "app")
    assert f"of {len(nets[0].project.pool.arrays)} arrays" in twice.summary()


def test_a_board_of_named_sections_takes_those_that_all_linker_scripts_have():
    def placed(section):
        place = f"hot_weights:{section}=64"
        compile_tflite(small_network(), "stm32h743", name="m", place=place)

    placed(".data.model")
    with pytest.raises(McunetError, match=r"board stm32h743 has no section '.datamodel': use one"):
        placed(".datamodel")
