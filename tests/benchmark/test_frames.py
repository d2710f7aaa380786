# SPDX-License-Identifier: Apache-2.0
"""Frames survive any split, noise is skipped, and no damaged frame is ever believed."""

import itertools
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcunet_tf.benchmark.device import Device
from mcunet_tf.benchmark.frames import (
    MAGIC,
    Frame,
    FrameDecoder,
    FrameKind,
    describe_fault,
    encode_frame,
)
from mcunet_tf.errors import ToolError

KINDS = st.sampled_from(list(FrameKind))
FRAMES = st.lists(st.tuples(KINDS, st.binary(max_size=40)), max_size=5)


@settings(max_examples=100)
@given(FRAMES, st.lists(st.integers(0, 300), max_size=10))
def test_any_split_gives_the_frames(frames, cuts):
    stream = b"".join(encode_frame(kind, payload) for kind, payload in frames)
    decoder, found = FrameDecoder(), []
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    for start, end in itertools.pairwise(edges):
        found += decoder.feed(stream[start:end])
    assert found == [Frame(kind, payload) for kind, payload in frames]
    assert decoder.noise_bytes == 0


@settings(max_examples=100)
@given(st.binary(max_size=60).filter(lambda noise: MAGIC[0] not in noise), st.binary(max_size=40))
def test_noise_before_a_frame_is_skipped(noise, payload):
    decoder = FrameDecoder()
    assert decoder.feed(noise + encode_frame(FrameKind.DATA, payload)) == [
        Frame(FrameKind.DATA, payload)
    ]
    assert decoder.noise_bytes == len(noise)


@settings(max_examples=200)
@given(st.binary(min_size=1, max_size=40), st.data())
def test_a_flipped_bit_is_never_believed(payload, data):
    damaged = bytearray(encode_frame(FrameKind.DATA, payload))
    bit = data.draw(st.integers(0, 8 * len(damaged) - 1))
    damaged[bit // 8] ^= 1 << bit % 8
    assert FrameDecoder().feed(bytes(damaged)) == []


def test_the_frame_after_a_damaged_one_is_found():
    damaged = bytearray(encode_frame(FrameKind.DATA, b"abc"))
    damaged[-1] ^= 1
    good = encode_frame(FrameKind.OK)
    assert FrameDecoder().feed(bytes(damaged) + good) == [Frame(FrameKind.OK, b"")]


def test_a_truncated_frame_waits():
    whole = encode_frame(FrameKind.DATA, b"abcdef")
    decoder = FrameDecoder()
    for end in range(len(whole) - 1):
        assert decoder.feed(whole[end : end + 1]) == []
    assert decoder.feed(whole[-1:]) == [Frame(FrameKind.DATA, b"abcdef")]


def test_an_absurd_length_does_not_stall():
    head = MAGIC + struct.pack("<BI", FrameKind.DATA, 0xFFFFFFF0)
    assert FrameDecoder().feed(head + encode_frame(FrameKind.OK)) == [Frame(FrameKind.OK, b"")]


def test_faults_are_named():
    report = struct.pack("<4I", 5, 1 << 9, 0x70000000, 0x1234)
    assert describe_fault(report) == "bus fault: bus error at 0x70000000 at pc 0x00001234"
    assert describe_fault(struct.pack("<4I", 6, 1 << 25, 0, 8)).startswith("usage fault: division")
    assert describe_fault(b"") == "unknown fault"


class ScriptedLink:
    """Answers each request with the next item of a script."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []

    def exchange(self, data: bytes, timeout_s: float) -> bytes:
        if data:
            self.requests.append(data)
            return self.answers.pop(0) if self.answers else b""
        return b""


CRC_ERROR = encode_frame(FrameKind.ERROR, struct.pack("<I", 1))
INDEX_ERROR = encode_frame(FrameKind.ERROR, struct.pack("<I", 4))


def test_a_damaged_request_is_sent_again():
    link = ScriptedLink(CRC_ERROR, encode_frame(FrameKind.OK))
    Device(link, timeout_s=0.01).write_input(0, b"abc")
    assert len(link.requests) == 2
    assert link.requests[0] == link.requests[1]


def test_a_refused_request_is_not_sent_again():
    link = ScriptedLink(INDEX_ERROR)
    with pytest.raises(ToolError, match="no such tensor"):
        Device(link, timeout_s=0.01).write_input(7, b"abc")
    assert len(link.requests) == 1


def test_silence_ends():
    link = ScriptedLink()
    with pytest.raises(ToolError, match="HELLO to the board failed: no answer"):
        Device(link, timeout_s=0.01).hello()
    assert len(link.requests) == 3


def test_a_fault_is_told():
    link = ScriptedLink(encode_frame(FrameKind.FAULT, struct.pack("<4I", 6, 1 << 16, 0, 0x42)))
    with pytest.raises(ToolError, match="usage fault: undefined instruction at pc 0x00000042"):
        Device(link, timeout_s=0.01).invoke(0.01)


def test_another_protocol_is_refused():
    link = ScriptedLink(encode_frame(FrameKind.INFO, struct.pack("<5I", 99, 0, 0, 0, 0)))
    with pytest.raises(ToolError, match="speaks protocol 99"):
        Device(link, timeout_s=0.01).hello()
