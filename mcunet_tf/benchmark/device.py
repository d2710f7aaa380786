# SPDX-License-Identifier: Apache-2.0
"""Talks to the runner on a board, emulated or real, and never waits without a limit."""

from __future__ import annotations

import os
import select
import struct
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mcunet_tf.benchmark.frames import (
    Frame,
    FrameDecoder,
    FrameKind,
    describe_fault,
    encode_frame,
)
from mcunet_tf.errors import ToolError

PROTOCOL_VERSION = 1
_ATTEMPTS = 3
_CHUNK_BYTES = 1 << 16
_ERRORS = {1: "damaged frame", 2: "unknown request", 3: "wrong tensor size", 4: "no such tensor"}
_RETRIED_ERROR = 1
_HELLO = encode_frame(FrameKind.HELLO)
_WRITE_TIMEOUT_S = 10.0


class ByteLink(Protocol):
    """A UART as the host sees it."""

    def exchange(self, data: bytes, timeout_s: float) -> bytes:
        """Sends all of `data` while receiving; returns what has arrived, at least one byte.

        With nothing to send it waits for a byte. Returns b"" if none comes within `timeout_s`.

        Raises:
            ToolError: the other end is gone.
        """


class ProcessLink:
    """The link to an emulator: the standard streams of its process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        assert process.stdin and process.stdout
        self._out = process.stdin.fileno()
        self._in = process.stdout.fileno()
        os.set_blocking(self._out, False)

    def exchange(self, data: bytes, timeout_s: float) -> bytes:
        """See `ByteLink`."""
        deadline = time.monotonic() + timeout_s
        rest = memoryview(data)
        while True:
            left = max(0.0, deadline - time.monotonic())
            readable, writable, _ = select.select([self._in], [self._out] if rest else [], [], left)
            if writable:
                rest = rest[self._write(rest) :]
            if readable:
                received = os.read(self._in, _CHUNK_BYTES)
                if not received:
                    raise ToolError(f"the emulator ended early: {self._last_words()}")
                return received
            if not readable and not writable:
                return b""

    def _write(self, data: memoryview) -> int:
        try:
            return os.write(self._out, data[:_CHUNK_BYTES])
        except BrokenPipeError as error:
            raise ToolError(f"the emulator ended early: {self._last_words()}") from error

    def _last_words(self) -> str:
        assert self._process.stderr
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "it closed its output"
        lines = self._process.stderr.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit status {self._process.returncode}"


class SerialLink:
    """A serial port with a real board behind it; needs pyserial."""

    def __init__(self, port: str, baud: int) -> None:
        try:
            import serial
        except ImportError as error:
            raise ToolError(
                'a serial port needs pyserial: pip install "mcunet_tf[serial]"'
            ) from error
        try:
            self._port = serial.Serial(port, baud, timeout=0.1, write_timeout=_WRITE_TIMEOUT_S)
        except (serial.SerialException, OSError) as error:
            raise ToolError(
                f"cannot open {port}: {error}; check the cable and your permission"
            ) from error
        self._stalled = serial.SerialTimeoutException
        self._port.reset_input_buffer()

    def exchange(self, data: bytes, timeout_s: float) -> bytes:
        """See `ByteLink`."""
        deadline = time.monotonic() + timeout_s
        try:
            self._port.write(data)
            while time.monotonic() < deadline:
                received: bytes = self._port.read(max(1, self._port.in_waiting))
                if received:
                    return received
        except self._stalled as error:
            raise ToolError(f"the board at {self._port.port} takes no data: reset it") from error
        except OSError as error:
            raise ToolError(f"the board is gone from {self._port.port}: {error}") from error
        return b""

    def close(self) -> None:
        """Gives the port back."""
        self._port.close()


@dataclass(frozen=True)
class DeviceInfo:
    """What the runner says of the model in it; sizes in bytes."""

    name: str
    arena_bytes: int
    input_bytes: tuple[int, ...]
    output_bytes: tuple[int, ...]
    counter: int


@dataclass(frozen=True)
class Invocation:
    """One inference: the stack it used, and the ticks of the board's own counter."""

    stack_bytes: int
    ticks: int


class Device:
    """The runner's requests as methods; damaged answers are asked for again."""

    def __init__(self, link: ByteLink, *, timeout_s: float = 10.0) -> None:
        self._link = link
        self._timeout_s = timeout_s
        self._decoder = FrameDecoder()

    def hello(self) -> DeviceInfo:
        """Asks what is there.

        Raises:
            ToolError: nobody answers, or another protocol does.
        """
        payload = self._ask(FrameKind.HELLO, b"", FrameKind.INFO)
        version, arena, inputs, outputs, counter = struct.unpack_from("<5I", payload)
        if version != PROTOCOL_VERSION:
            raise ToolError(
                f"the board speaks protocol {version}, not {PROTOCOL_VERSION}: flash it again"
            )
        sizes = struct.unpack_from(f"<{inputs + outputs}I", payload, 20)
        name = payload[20 + 4 * (inputs + outputs) :].decode(errors="replace")
        return DeviceInfo(name, arena, sizes[:inputs], sizes[inputs:], counter)

    def write_input(self, index: int, data: bytes) -> None:
        """Fills an input tensor."""
        self._ask(FrameKind.INPUT, struct.pack("<I", index) + data, FrameKind.OK)

    def invoke(self, timeout_s: float) -> Invocation:
        """Runs the model once."""
        payload = self._ask(FrameKind.INVOKE, b"", FrameKind.DONE, timeout_s)
        stack_bytes, low, high = struct.unpack("<3I", payload)
        return Invocation(stack_bytes, high << 32 | low)

    def read_output(self, index: int) -> bytes:
        """Fetches an output tensor."""
        return self._ask(FrameKind.OUTPUT, struct.pack("<I", index), FrameKind.DATA)

    def infer(
        self, tensors: Sequence[bytes], outputs: int, timeout_s: float
    ) -> tuple[list[bytes], Invocation]:
        """Writes all inputs, invokes, reads all outputs."""
        for index, tensor in enumerate(tensors):
            self.write_input(index, tensor)
        invocation = self.invoke(timeout_s)
        return [self.read_output(index) for index in range(outputs)], invocation

    def _ask(
        self, kind: FrameKind, payload: bytes, wanted: FrameKind, timeout_s: float | None = None
    ) -> bytes:
        request = encode_frame(kind, payload)
        # INVOKE is not repeated: it consumes its inputs
        attempts = 1 if kind is FrameKind.INVOKE else _ATTEMPTS
        problem = f"no answer within {timeout_s or self._timeout_s:.0f} s"
        for _ in range(attempts):
            frame = self._answer(request, timeout_s or self._timeout_s)
            if frame is None:
                continue
            if frame.kind is FrameKind.BOOT:
                raise ToolError(f"the board was reset in the middle of {kind.name}: see its supply")
            if frame.kind is wanted:
                return frame.payload
            if frame.kind is FrameKind.FAULT:
                raise ToolError(f"the firmware faulted: {describe_fault(frame.payload)}")
            problem = f"unexpected answer {frame.kind.name}"
            if frame.kind is FrameKind.ERROR and len(frame.payload) == 4:
                reason = int.from_bytes(frame.payload, "little")
                problem = _ERRORS.get(reason, f"error {reason}")
                if reason != _RETRIED_ERROR:
                    break
        raise ToolError(f"{kind.name} to the board failed: {problem}")

    def _answer(self, request: bytes, timeout_s: float) -> Frame | None:
        deadline = time.monotonic() + timeout_s
        data = self._link.exchange(request, timeout_s)
        while True:
            frames = self._decoder.feed(data)
            if request == _HELLO:
                # One that waited for us, or that the port's opening has reset, says so first.
                frames = [frame for frame in frames if frame.kind is not FrameKind.BOOT]
            if frames:
                return frames[0]
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            data = self._link.exchange(b"", left)
