# SPDX-License-Identifier: Apache-2.0
"""Frames on the wire: A5 5A, kind, length, payload, CRC-32; `firmware/firmware.h` is the twin."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

MAGIC = b"\xa5\x5a"
MAX_PAYLOAD_BYTES = 1 << 24
_HEAD = struct.Struct("<BI")
_OVERHEAD_BYTES = len(MAGIC) + _HEAD.size + 4


class FrameKind(IntEnum):
    """What a frame says; answers have the high bit set."""

    HELLO = 0x01
    INPUT = 0x02
    INVOKE = 0x03
    OUTPUT = 0x04
    INFO = 0x81
    OK = 0x82
    DONE = 0x83
    DATA = 0x84
    BOOT = 0x85
    ERROR = 0xEE
    FAULT = 0xFA


@dataclass(frozen=True)
class Frame:
    """One message with its CRC already checked."""

    kind: FrameKind
    payload: bytes


def encode_frame(kind: FrameKind, payload: bytes = b"") -> bytes:
    """The bytes of a frame."""
    body = _HEAD.pack(kind, len(payload)) + payload
    return MAGIC + body + struct.pack("<I", zlib.crc32(body))


class FrameDecoder:
    """Finds frames in a stream of bytes, skipping noise and frames whose CRC is wrong."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.noise_bytes = 0

    def feed(self, data: bytes) -> list[Frame]:
        """Takes more bytes and returns the frames that are now complete."""
        self._buffer += data
        frames: list[Frame] = []
        while True:
            frame = self._next()
            if frame is None:
                return frames
            frames.append(frame)

    def _next(self) -> Frame | None:
        while True:
            start = self._buffer.find(MAGIC)
            if start < 0:
                # the last byte may be the first half of the magic
                self._drop(len(self._buffer) - self._buffer.endswith(MAGIC[:1]))
                return None
            self._drop(start)
            if len(self._buffer) < _OVERHEAD_BYTES:
                return None
            kind, length = _HEAD.unpack_from(self._buffer, len(MAGIC))
            if length > MAX_PAYLOAD_BYTES or kind not in FrameKind._value2member_map_:
                self._drop(1)
                continue
            total = _OVERHEAD_BYTES + length
            if len(self._buffer) < total:
                return None
            body = bytes(self._buffer[len(MAGIC) : total - 4])
            if struct.unpack_from("<I", self._buffer, total - 4)[0] != zlib.crc32(body):
                self._drop(1)
                continue
            del self._buffer[:total]
            return Frame(FrameKind(kind), body[_HEAD.size :])

    def _drop(self, count: int) -> None:
        self.noise_bytes += count
        del self._buffer[:count]


def split_frames(data: bytes) -> Iterator[Frame]:
    """All frames within a piece of output."""
    return iter(FrameDecoder().feed(data))


_EXCEPTIONS = {2: "NMI", 3: "hard fault", 4: "memory fault", 5: "bus fault", 6: "usage fault"}
_CAUSES = (
    (0, "instruction access violation"),
    (1, "data access violation"),
    (4, "stack overflow (memory)"),
    (8, "instruction bus error"),
    (9, "bus error at {address:#010x}"),
    (10, "imprecise bus error"),
    (12, "stack overflow (bus)"),
    (16, "undefined instruction"),
    (17, "invalid state"),
    (18, "invalid return"),
    (19, "no coprocessor"),
    (24, "unaligned access"),
    (25, "division by zero"),
)


_RISCV_FAULT = 0x100
_RISCV_CAUSES = {
    0: "instruction at an odd address",
    1: "instruction access violation",
    2: "illegal instruction {address:#010x}",
    3: "breakpoint",
    4: "unaligned load at {address:#010x}",
    5: "load access violation at {address:#010x}",
    6: "unaligned store at {address:#010x}",
    7: "store access violation at {address:#010x}",
}


_XTENSA_FAULT = 0x200
_XTENSA_CAUSES = {
    0: "illegal instruction",
    2: "instruction access violation",
    3: "access violation at {address:#010x}",
    6: "division by zero",
    9: "unaligned access at {address:#010x}",
    14: "instruction bus error",
    15: "bus error at {address:#010x}",
}


def describe_fault(payload: bytes) -> str:
    """Says what a FAULT frame means: exception, cause by the CFSR's bits, program counter."""
    if len(payload) != 16:
        return "unknown fault"
    exception, cfsr, address, pc = struct.unpack("<4I", payload)
    if exception >= _RISCV_FAULT:
        named = _RISCV_CAUSES if exception < _XTENSA_FAULT else _XTENSA_CAUSES
        cause = exception % _RISCV_FAULT
        text = named.get(cause, f"cause {cause}").format(address=address)
        return f"trap: {text} at pc {pc:#010x}"
    name = _EXCEPTIONS.get(exception, f"exception {exception}")
    causes = [text.format(address=address) for bit, text in _CAUSES if cfsr >> bit & 1]
    return f"{name}: {', '.join(causes) or f'CFSR {cfsr:#010x}'} at pc {pc:#010x}"
