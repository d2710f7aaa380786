# SPDX-License-Identifier: Apache-2.0
"""A serial port carries the same protocol: here a pseudo-terminal with an emulated board behind."""

import contextlib
import os
import select
import subprocess
import threading

import pytest

from mcunet_tf.benchmark.device import Device, SerialLink
from mcunet_tf.benchmark.qemu import running
from mcunet_tf.benchmark.runner import build_image
from mcunet_tf.boards import emulate, load_board
from tests.benchmark.tiny_project import expected, random_inputs, tiny_project

pytest.importorskip("serial", reason="pyserial is an optional dependency")
pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")


def carry(master: int, process: subprocess.Popen[bytes], stop: threading.Event) -> None:
    """Moves bytes between the pseudo-terminal and the emulator until told to stop."""
    while not stop.is_set():
        ready, _, _ = select.select([master, process.stdout], [], [], 0.05)
        if master in ready:
            process.stdin.write(os.read(master, 4096))
        if process.stdout in ready:
            os.write(master, os.read(process.stdout.fileno(), 4096))


@pytest.mark.qemu
def test_inferences_over_a_serial_port():
    board = load_board("stm32f412")
    emulated = emulate(board)
    elf = build_image(tiny_project(), emulated, counter="none")
    master, slave = pty.openpty()
    stop = threading.Event()
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, slave)
        stack.callback(os.close, master)
        machine = stack.enter_context(running(emulated, elf))
        thread = threading.Thread(target=carry, args=(master, machine.process, stop))
        thread.start()
        stack.callback(thread.join)
        stack.callback(stop.set)
        link = stack.enter_context(
            contextlib.closing(SerialLink(os.ttyname(slave), board.runner.baud))
        )
        device = Device(link)
        assert device.hello().name == "tiny"
        for (data,) in random_inputs(3):
            (raw,), invocation = device.infer([data.tobytes()], 1, 10.0)
            assert raw == expected(data).tobytes()
            assert invocation.stack_bytes > 0
