# SPDX-License-Identifier: Apache-2.0
"""Boards load, are the parts they claim to be, and wrong files are named with a remedy."""

import re
import struct
from pathlib import Path

import pytest

from mcunet_tf.benchmark.runner import build_image, run_on_board
from mcunet_tf.boards import (
    board_list,
    emulate,
    linker_script,
    list_architectures,
    list_boards,
    list_cores,
    load_board,
    load_core,
    memory_blocks,
)
from mcunet_tf.boards.board import _FOLDER
from mcunet_tf.boards.core import load_architecture
from mcunet_tf.errors import BoardError
from mcunet_tf.tinyengine.cost import cost_model
from tests.benchmark.tiny_project import expected, random_inputs, tiny_project


def _tools(architecture: str) -> list[str]:
    """An architecture's tools whose names are its own: every computer has a cc."""
    found = load_architecture(architecture)
    names = (found.compiler, found.disassembler, found.symbol_lister, found.emulator)
    return [name for name in names if "-" in name]


def test_all_boards_load():
    assert set(list_boards()) == {
        *("host", "portable"),
        *("qemu-m0", "qemu-m0plus", "qemu-m3", "qemu-m4", "qemu-m7", "qemu-m33", "qemu-m55"),
        *("qemu-rv32", "qemu-rv32-zbb", "qemu-rv32v", "qemu-xtensa"),
        *("stm32f412", "stm32f446", "stm32f746", "stm32g071", "stm32h743"),
        *("stm32n657", "stm32u575"),
        *("rpi-pico", "rpi-pico2", "rpi-pico2-riscv", "arduino-nano33ble", "alif-e7", "apollo4"),
        *("nrf52840dk", "nrf5340dk", "esp32", "esp32-c3", "esp32-c6", "esp32-s3"),
    }
    for name in list_boards():
        assert load_board(name).name == name


@pytest.mark.parametrize(
    ("name", "core", "ram_kb", "flash_kb", "clock_mhz"),
    [
        ("stm32f412", "cortex-m4", 256, 1024, 100),
        ("stm32f746", "cortex-m7", 320, 1024, 216),
        ("stm32h743", "cortex-m7", 512, 2048, 480),
        ("rpi-pico", "cortex-m0plus", 264, 2048, 125),
        ("rpi-pico2", "cortex-m33", 520, 4096, 150),
        ("rpi-pico2-riscv", "rv32imc-zba-zbb", 520, 4096, 150),
        ("nrf52840dk", "cortex-m4", 256, 1024, 64),
        ("nrf5340dk", "cortex-m33", 512, 1024, 128),
        ("stm32g071", "cortex-m0plus", 36, 128, 64),
        ("stm32f446", "cortex-m4", 128, 512, 180),
        ("stm32u575", "cortex-m33", 768, 2048, 160),
        ("apollo4", "cortex-m4", 384 + 1024, 2048 - 96, 192),
    ],
)
def test_real_boards_have_the_papers_budgets(name, core, ram_kb, flash_kb, clock_mhz):
    board = load_board(name)
    assert board.core.name == core
    assert board.ram_bytes == ram_kb * 1024
    assert board.flash_bytes == flash_kb * 1024
    assert board.clock_hz == clock_mhz * 1_000_000


def test_adjacent_memories_are_one_block():
    blocks = memory_blocks(load_board("stm32f746"))
    assert [(b.name, b.size_bytes) for b in blocks if b.kind == "ram"] == [
        ("DTCM_SRAM1_SRAM2", 320 * 1024)
    ]


def test_linker_script_states_the_true_sizes():
    board = load_board("stm32h743")
    script = linker_script(board)
    lengths = {name: int(size) for name, size in re.findall(r"(\w+) \(r\w+\).*= (\d+)", script)}
    assert lengths == {"FLASH": 2 << 20, "AXI_SRAM": 512 << 10}
    assert f". += {board.stack_reserve_bytes};" in script
    assert "$" not in script


@pytest.mark.parametrize("name", ["stm32f412", "stm32f746", "stm32h743"])
def test_emulation_keeps_sizes_and_stays_within_the_machine(name):
    board = load_board(name)
    moved = emulate(board)
    machine = load_board(board.runner.emulated_on)
    assert (moved.ram_bytes, moved.flash_bytes) == (board.ram_bytes, board.flash_bytes)
    assert moved.clock_hz == board.clock_hz
    assert moved.isa == board.isa
    assert moved.runner == machine.runner
    for block in moved.memory:
        home = next(m for m in machine.memory if set(block.roles) <= set(m.roles))
        assert home.origin <= block.origin
        assert block.end <= home.end


REAL_BOARDS = [n for n in list_boards() if load_board(n).runner.kind in ("serial", "application")]


@pytest.mark.qemu
@pytest.mark.parametrize("name", REAL_BOARDS)
@pytest.mark.sampled(3)
def test_a_real_board_links_where_it_is_and_runs_where_it_is_emulated(name):
    """The image lies in the board's own memories; the emulated one gives the right outputs."""
    board = load_board(name)
    counter = board.core.architecture.cycle_counter
    image = build_image(tiny_project(), board, counter=counter).read_bytes()
    (entry,) = struct.unpack_from("<I", image, 24)
    code = next(block for block in memory_blocks(board) if "code" in block.roles)
    assert code.origin <= entry < code.end
    inputs = random_inputs(1)
    result = run_on_board(tiny_project(), board, inputs)
    assert result.outputs[0][0].tolist() == expected(inputs[0][0]).tolist()
    assert result.instructions[0] > 0


def test_the_list_has_a_line_for_every_board():
    lines = board_list().splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(list_boards())
    (pico,) = [line for line in lines if line.startswith("rpi-pico ")]
    assert pico.split()[:6] == ["rpi-pico", "cortex-m0plus", "264", "2,048", "125", "qemu-m0plus"]


def test_emulated_board_is_left_alone():
    board = load_board("qemu-m55")
    assert emulate(board) is board


def test_unknown_board_lists_the_known_ones():
    with pytest.raises(BoardError, match="unknown board 'qemu-m8'") as caught:
        load_board("qemu-m8")
    assert all(name in str(caught.value) for name in list_boards())


def test_missing_file_is_named(tmp_path):
    with pytest.raises(BoardError, match=r"cannot read board file .*mine.toml"):
        load_board(tmp_path / "mine.toml")


def test_own_board_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text((_FOLDER / "stm32f412.toml").read_text().replace("262144", "131072"))
    board = load_board(path)
    assert (board.name, board.ram_bytes) == ("mine", 131072)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("core =", "cores =", "core"),
        ("clock_hz = 100_000_000", 'clock_hz = "fast"', "clock_hz = 'fast'; it must be a whole"),
        ("clock_hz = 100_000_000", "clock_hz = true", "clock_hz"),
        ('isa = ["dsp"]', 'isa = ["neon"]', "isa holds 'neon'; each entry is one of dsp, mve, rvv"),
        ("size_bytes = 262144", "size_bytes = 0", "size_bytes = 0; use a number above 0"),
        ('roles = ["arena", "data"]', 'roles = ["data"]', "no memory has the role 'arena'"),
        ('kind = "ram"', 'kind = "rom"', "kind = 'rom'; use one of flash, ram"),
        ("origin = 0x20000000", "origin = 0x08000010", "'FLASH' overlaps 'SRAM'"),
        ('kind = "serial"', 'kind = "parallel"', "use one of host, qemu, serial"),
        ('emulated_on = "qemu-m4"', 'emulated_on = "qemu-m5"', "emulated_on"),
        ("[runner]", "[runners]", "key 'runner' is missing"),
        ("stack_reserve_bytes", "stack_bytes", "stack_reserve_bytes"),
        ("stack_reserve_bytes", "colour = 1\nstack_reserve_bytes", "unknown key colour"),
        ("sources = [", "sources = [3, ", "sources holds 3"),
        ("[runner]", "[runner", "is not valid TOML"),
    ],
)
def test_malformed_boards_name_key_and_remedy(tmp_path, old, new, named):
    text = (_FOLDER / "stm32f412.toml").read_text()
    assert old in text
    path = tmp_path / "wrong.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(BoardError) as caught:
        load_board(path)
    assert named in str(caught.value)
    assert "wrong.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_host_has_no_script():
    with pytest.raises(BoardError, match="host has no memory map"):
        linker_script(load_board("host"))


def test_all_cores_load_and_name_what_exists():
    for name in list_cores():
        core = load_core(name)
        assert core.name == name
        assert cost_model(core.schedules_weighed_as) is not None
        assert bool(core.cost_model) == (cost_model(core.cost_model) is not None)
        assert (core.architecture.linker_template is None) == (not core.architecture.emulator)


OWN_CORE = """
description = "a core of the user's own"
architecture = "arm-m"
isa = ["dsp"]
cost_model = "cortex-m4"
"""


def own_board(folder, core: str) -> Path:
    path = folder / "mine.toml"
    text = (_FOLDER / "stm32f412.toml").read_text()
    path.write_text(text.replace('core = "cortex-m4"', f'core = "{core}"'))
    return path


def test_own_core_file_lies_beside_the_board(tmp_path):
    (tmp_path / "star.toml").write_text(OWN_CORE)
    board = load_board(own_board(tmp_path, "star.toml"))
    assert (board.core.name, board.core.cycle_model) == ("star", "")
    assert board.core.architecture == load_core("cortex-m4").architecture


@pytest.mark.parametrize(
    ("core", "text", "named"),
    [
        ("cortex-m9", "", "unknown core 'cortex-m9': use one of cortex-m0, cortex-m0plus"),
        ("star.toml", OWN_CORE.replace('["dsp"]', "[]"), "isa holds 'dsp'; a star has none of"),
        (
            "star.toml",
            OWN_CORE.replace("arm-m", "arm-x"),
            "architecture = 'arm-x'; use one of arm-m",
        ),
        ("star.toml", OWN_CORE.replace("cost_model", "costs"), "unknown key costs"),
        ("star.toml", OWN_CORE.replace("cost_model", "cycle_model"), "schedules_weighed_as"),
        ("star.toml", OWN_CORE.replace("arm-m", "\0"), "star.toml is not valid TOML"),
        ("none.toml", "", "cannot read core file"),
    ],
)
def test_wrong_cores_are_named_with_a_remedy(tmp_path, core, text, named):
    (tmp_path / "star.toml").write_text(text)
    path = own_board(tmp_path, core)
    with pytest.raises(BoardError) as caught:
        load_board(path)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_core_takes_prices_that_are_not_there():
    with pytest.raises(BoardError, match="no costs were fitted on 'cortex-m9': name one of"):
        cost_model("cortex-m9")


# What an architecture's own file says, and nothing else in the package may.
TOOLS = sorted({tool for name in list_architectures() for tool in _tools(name)})


@pytest.mark.parametrize("path", sorted(_FOLDER.parent.rglob("*.py")), ids=lambda path: path.name)
def test_tools_of_architectures_are_named_by_their_files_only(path):
    text = path.read_text()
    assert not [tool for tool in TOOLS if f'"{tool}"' in text or f"'{tool}'" in text]
