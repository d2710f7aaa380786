# SPDX-License-Identifier: Apache-2.0
"""A hand-written project of the emitted shape runs everywhere, and its costs are what they are."""

import dataclasses
import subprocess

import numpy as np
import pytest

from mcunet_tf.benchmark import runner
from mcunet_tf.benchmark.device import Device, ProcessLink
from mcunet_tf.benchmark.frames import FrameDecoder, FrameKind, encode_frame
from mcunet_tf.benchmark.qemu import running
from mcunet_tf.benchmark.runner import Connection, build_image, run_on_board
from mcunet_tf.boards import load_board
from mcunet_tf.errors import BoardError, BudgetError, ToolError
from tests.benchmark.tiny_project import WEIGHTS, expected, random_inputs, tiny_project

EMULATED = ("qemu-m4", "qemu-m7", "qemu-m55", "stm32f412", "stm32f746", "stm32h743")


def assert_exact(result, inputs):
    assert len(result.outputs) == len(inputs)
    for (got,), (data,) in zip(result.outputs, inputs, strict=True):
        assert got.shape == (1, 16)
        np.testing.assert_array_equal(got, expected(data))


@pytest.mark.qemu
@pytest.mark.parametrize("board", EMULATED)
def test_outputs_and_counts_on_emulated_boards(board):
    inputs = random_inputs(3)
    result = run_on_board(tiny_project(), board, inputs + inputs)
    assert_exact(result, inputs + inputs)
    assert result.instructions[:3] == result.instructions[3:]
    assert result.instructions_precision == 0
    assert sum(layer.instructions for layer in result.layers) == result.instructions[0]
    cycles = sum(layer.modelled_cycles for layer in result.layers)
    # Each layer is rounded for itself.
    assert cycles == pytest.approx(result.modelled_cycles[0], abs=len(result.layers))
    assert {layer.index for layer in result.layers} == {-1, 0, 300}
    assert result.sizes.arena_bytes == 32
    assert len(WEIGHTS) <= result.sizes.weights_bytes < len(WEIGHTS) + 16
    again = run_on_board(tiny_project(), board, inputs)
    assert again.instructions == result.instructions[:3]
    assert again.sizes == result.sizes


@pytest.mark.parametrize("sanitize", [False, True])
def test_outputs_on_the_host(sanitize):
    inputs = random_inputs(4)
    assert_exact(run_on_board(tiny_project(), "host", inputs, sanitize=sanitize), inputs)


def test_the_sanitizers_find_a_write_behind_the_arena():
    project = tiny_project(extra="((volatile char *)arena)[33] = 1;")
    with pytest.raises(ToolError, match="AddressSanitizer: global-buffer-overflow"):
        run_on_board(project, "host", random_inputs(1), sanitize=True)


@pytest.mark.qemu
def test_the_stack_of_invoke_alone_is_measured():
    frame = "volatile char frame[{n}]; for (int i = 0; i < {n}; i++) {{ frame[i] = 1; }}"
    marks = {}
    for n in (400, 1400):
        project = tiny_project(extra=frame.format(n=n))
        marks[n] = run_on_board(project, "stm32f412", random_inputs(2)).stack_bytes
    assert marks[1400] - marks[400] == 1000
    assert 400 <= marks[400] < 480


@pytest.mark.qemu
def test_several_inputs_and_outputs():
    project = tiny_project()
    header = project.files["tiny.h"].replace(
        "void tiny_invoke",
        "#define TINY_INPUT_1_BYTES 8\n#define TINY_OUTPUT_1_BYTES 8\n"
        "static inline int16_t *tiny_input_1(void *arena) { return (int16_t *)arena + 16; }\n"
        "static inline const int16_t *tiny_output_1(const void *arena) {\n"
        "  return (const int16_t *)arena + 16;\n}\nvoid tiny_invoke",
    )
    files = {**project.files, "tiny.h": header.replace("ARENA_BYTES 32", "ARENA_BYTES 48")}
    tensor = dataclasses.replace(project.inputs[0], name="more", shape=(1, 2, 2), dtype="int16")
    project = dataclasses.replace(
        project,
        files=files,
        inputs=(*project.inputs, tensor),
        outputs=(*project.outputs, tensor),
    )
    data = np.arange(4, dtype=np.int16).reshape(1, 2, 2) * 1000
    inputs = [(first, data + i) for i, (first,) in enumerate(random_inputs(3))]
    for board in ("host", "qemu-m4"):
        result = run_on_board(project, board, inputs)
        for (first, second), (a, b) in zip(result.outputs, inputs, strict=True):
            np.testing.assert_array_equal(first, expected(a))
            np.testing.assert_array_equal(second, b)


@pytest.mark.qemu
@pytest.mark.parametrize(("board", "block"), [("stm32f412", "SRAM"), ("stm32h743", "AXI_SRAM")])
def test_an_arena_that_does_not_fit_is_a_budget_error(board, block):
    total = load_board(board).ram_bytes
    reserve = load_board(board).stack_reserve_bytes
    project = tiny_project(arena_bytes=total - reserve - 1024)
    assert_exact(run_on_board(project, board, random_inputs(1)), random_inputs(1))
    with pytest.raises(BudgetError, match=f"{board}: {block} needs .* but has {total};"):
        run_on_board(tiny_project(arena_bytes=total - reserve), board, random_inputs(1))


@pytest.mark.qemu
@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ("*(volatile int *)0x2FFFFFF0 = 1;", "the firmware faulted: bus fault"),
        ('__asm__ volatile("udf #1");', "the firmware faulted: usage fault: undefined"),
    ],
)
def test_a_fault_in_the_model_is_named(extra, told):
    with pytest.raises(ToolError, match=told):
        run_on_board(tiny_project(extra=extra), "qemu-m4", random_inputs(1))


@pytest.mark.qemu
def test_a_model_without_end_is_stopped(monkeypatch):
    monkeypatch.setattr(runner, "INVOKE_TIMEOUT_S", 1.0)
    with pytest.raises(ToolError, match="INVOKE to the board failed: no answer"):
        run_on_board(tiny_project(extra="for (;;) { }"), "qemu-m4", random_inputs(1))


@pytest.mark.qemu
def test_the_firmware_refuses_what_is_damaged_or_wrong():
    board = load_board("qemu-m4")
    elf = build_image(tiny_project(), board, counter="none")
    with running(board, elf) as machine:
        link = ProcessLink(machine.process)
        decoder = FrameDecoder()

        def ask(request: bytes) -> tuple[FrameKind, bytes]:
            data = request
            while True:
                for frame in decoder.feed(link.exchange(data, 5.0)):
                    return frame.kind, frame.payload
                data = b""

        def error(reason: int) -> tuple[FrameKind, bytes]:
            return FrameKind.ERROR, reason.to_bytes(4, "little")

        assert ask(b"") == (FrameKind.BOOT, b"")
        tensor = bytes(4) + bytes(range(16))
        damaged = bytearray(encode_frame(FrameKind.INPUT, tensor))
        damaged[-6] ^= 4
        assert ask(bytes(damaged)) == error(1)
        assert ask(encode_frame(FrameKind.DATA)) == error(2)
        assert ask(encode_frame(FrameKind.INPUT, tensor[:-1])) == error(3)
        assert ask(encode_frame(FrameKind.INPUT, b"\x05" + tensor[1:])) == error(4)
        assert ask(encode_frame(FrameKind.OUTPUT, b"\x01\0\0\0")) == error(4)
        assert ask(b"noise \xa5 \xa5" + encode_frame(FrameKind.INPUT, tensor)) == (
            FrameKind.OK,
            b"",
        )
        info = Device(link).hello()
        assert (info.name, info.arena_bytes) == ("tiny", 32)
        assert (info.input_bytes, info.output_bytes) == ((16,), (16,))


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["stm32f412", "stm32f746", "stm32h743"])
def test_the_image_for_the_real_board_links_where_its_flash_is(board):
    elf = build_image(tiny_project(), load_board(board), counter="dwt")
    headers = subprocess.run(
        ["arm-none-eabi-readelf", "-hW", str(elf)], capture_output=True, text=True, check=True
    ).stdout
    entry = int(headers.split("Entry point address:")[1].split()[0], 16)
    assert 0x08000000 <= entry < 0x08000000 + 4096


def test_wrong_arrays_are_refused_before_anything_is_built():
    wrong_type = [(np.zeros((1, 16), np.uint8),)]
    with pytest.raises(ValueError, match=r"input in: int8 \(1, 16\) expected, uint8"):
        run_on_board(tiny_project(), "host", wrong_type)
    with pytest.raises(ValueError, match="1 input arrays expected, 0 given"):
        run_on_board(tiny_project(), "host", [()])


def test_wrong_ways_to_run_are_refused():
    with pytest.raises(BoardError, match="sanitizers run on the host"):
        run_on_board(tiny_project(), "qemu-m4", [], sanitize=True)
    with pytest.raises(BoardError, match="qemu-m4 has no serial port"):
        run_on_board(tiny_project(), "qemu-m4", [], connection=Connection("/dev/null"))


def test_a_missing_serial_port_is_named():
    with pytest.raises(ToolError, match=r"/dev/nowhere|pyserial"):
        nowhere = Connection("/dev/nowhere")
        run_on_board(tiny_project(), "stm32f412", random_inputs(1), connection=nowhere)
