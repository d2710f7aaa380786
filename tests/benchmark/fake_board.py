# SPDX-License-Identifier: Apache-2.0
"""A board behind a pseudo-terminal that computes in Python and fails when it is told to."""

from __future__ import annotations

import os
import pty
import select
import struct
import threading
import tty
from collections.abc import Callable
from types import TracebackType

import numpy as np

from mcunet_tf.benchmark.frames import Frame, FrameDecoder, FrameKind, encode_frame
from tests.benchmark.tiny_project import expected

CYCLES = 1234


class FakeBoard:
    """Speaks the runner's protocol for the model "tiny"; `misbehave` sees every request first.

    `misbehave(board, frame)` returns bytes to send instead of the answer, or None.
    """

    def __init__(self, misbehave: Callable[[FakeBoard, Frame], bytes | None] | None = None) -> None:
        self.misbehave = misbehave or (lambda board, frame: None)
        self.requests: list[FrameKind] = []
        self._tensor = bytes(16)
        self._stop = threading.Event()

    def __enter__(self) -> FakeBoard:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        os.close(self._master)
        os.close(self._slave)

    def _serve(self) -> None:
        decoder = FrameDecoder()
        while not self._stop.is_set():
            if not select.select([self._master], [], [], 0.02)[0]:
                continue
            for frame in decoder.feed(os.read(self._master, 4096)):
                self.requests.append(frame.kind)
                answer = self.misbehave(self, frame)
                self._send(self._answer(frame) if answer is None else answer)

    def _send(self, data: bytes) -> None:
        while data and not self._stop.is_set():
            if select.select([], [self._master], [], 0.02)[1]:
                data = data[os.write(self._master, data[:1024]) :]

    def _answer(self, frame: Frame) -> bytes:
        if frame.kind is FrameKind.HELLO:
            head = struct.pack("<7I", 1, 32, 1, 1, 1, 16, 16)
            return encode_frame(FrameKind.INFO, head + b"tiny")
        if frame.kind is FrameKind.INPUT:
            self._tensor = frame.payload[4:]
            return encode_frame(FrameKind.OK)
        if frame.kind is FrameKind.INVOKE:
            return encode_frame(FrameKind.DONE, struct.pack("<3I", 96, CYCLES, 0))
        output = expected(np.frombuffer(self._tensor, np.int8))
        return encode_frame(FrameKind.DATA, output.tobytes())
