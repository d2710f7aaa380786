# SPDX-License-Identifier: Apache-2.0
"""WAV files: what is read, and what is refused with which words."""

import struct
import wave

import numpy as np
import pytest

from mcunet_tf.audio import read_wav
from mcunet_tf.errors import AudioError
from tests.audio.sounds import sound

SAMPLES = sound("bursts", 1000)


def wav(form, channels, rate, bits, data, size=None, extra=b""):
    """A file's bytes; `size` is what it says of its samples."""
    frame = channels * bits // 8
    head = struct.pack("<HHIIHH", form, channels, rate, rate * frame, frame, bits) + extra
    chunks = b"fmt " + struct.pack("<I", len(head)) + head
    chunks += b"LIST" + struct.pack("<I", 3) + b"abc\0"
    chunks += b"data" + struct.pack("<I", len(data) if size is None else size) + data
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


def pcm(bits, values, channels=1, rate=16000):
    if bits == 8:
        raw = (np.asarray(values) + 128).astype(np.uint8).tobytes()
    else:
        words = np.asarray(values, "<i4").reshape(-1, 1).view(np.uint8)
        raw = words[:, : bits // 8].tobytes()
    return wav(1, channels, rate, bits, raw)


def read(tmp_path, data, **settings):
    path = tmp_path / "word.wav"
    path.write_bytes(data)
    return read_wav(path, **settings)


def test_what_pythons_own_writer_makes(tmp_path):
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(SAMPLES.tobytes())
    found = read_wav(str(tmp_path / "a.wav"))
    assert found.dtype == np.int16
    np.testing.assert_array_equal(found, SAMPLES)


def extensible(code):
    return struct.pack("<HHI", 22, 16, 4) + struct.pack("<H", code) + bytes(14)


WIDE = SAMPLES.astype(np.int32)
FLOATS = SAMPLES.astype("<f4") / 32768


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (pcm(8, WIDE >> 8), (WIDE >> 8) * 256),
        (pcm(16, WIDE), SAMPLES),
        (pcm(24, WIDE * 256), SAMPLES),
        (pcm(32, WIDE * 65536), SAMPLES),
        (wav(3, 1, 16000, 32, FLOATS.tobytes()), SAMPLES),
        (wav(3, 1, 16000, 64, FLOATS.astype("<f8").tobytes()), SAMPLES),
        (pcm(16, WIDE.repeat(2), channels=2), SAMPLES),
        (wav(0xFFFE, 1, 16000, 16, SAMPLES.tobytes(), extra=extensible(1)), SAMPLES),
    ],
    ids=["8", "16", "24", "32", "float", "double", "equal channels", "extensible"],
)
def test_what_loses_nothing_is_converted(tmp_path, data, expected):
    np.testing.assert_array_equal(read(tmp_path, data), expected)


def test_another_rate_may_be_asked_for(tmp_path):
    np.testing.assert_array_equal(
        read(tmp_path, pcm(16, WIDE, rate=8000), sample_rate=8000), SAMPLES
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty: record it again"),
        (b"ID3" + bytes(40), "is no WAV file: convert it"),
        (pcm(16, WIDE)[:20], "has a format chunk cut short: record it again"),
        (pcm(16, WIDE)[:40], "has no format and samples, so it was cut short"),
        (pcm(16, WIDE)[:-100], "is cut short: 1900 of 2000 bytes of samples are there"),
        (
            pcm(16, WIDE).replace((2000).to_bytes(4, "little"), b"\xff" * 4),
            "does not say how long it is, as what comes through a pipe: convert it with sox "
            "--ignore-length word.wav out.wav",
        ),
        (pcm(16, WIDE, rate=0), "has a rate of 0: record it again"),
        (pcm(16, []), "holds no samples: record it again"),
        (
            pcm(16, WIDE, rate=44100),
            "has 44100 samples per second, not 16000: convert it with "
            "sox word.wav -b 16 -e signed-integer out.wav rate 16000",
        ),
        (pcm(16, WIDE, channels=2), "has 2 channels that differ: convert it with sox"),
        (pcm(24, WIDE), "has samples of 24 bits that 16 bits do not hold exactly: convert it with"),
        (pcm(32, WIDE), "has samples of 32 bits that 16 bits do not hold exactly"),
        (wav(3, 1, 16000, 32, (FLOATS / 3).tobytes()), "has float samples of 32 bits that 16 bits"),
        (wav(3, 1, 16000, 32, (FLOATS * np.nan).tobytes()), "has float samples of 32 bits that"),
        (wav(3, 1, 16000, 32, np.float32([1]).tobytes()), "that 16 bits do not hold exactly"),
        (wav(7, 1, 16000, 8, b"123"), "has mu-law samples of 8 bits: convert it with sox word.wav"),
        (wav(1, 1, 16000, 12, b"123"), "has PCM samples of 12 bits: convert it with sox word.wav"),
        (wav(1, 0, 16000, 16, b"1234"), "has no channels"),
    ],
)
def test_the_rest_is_refused_in_one_line(tmp_path, data, message):
    with pytest.raises(AudioError) as caught:
        read(tmp_path, data)
    assert message in str(caught.value) and "word.wav" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(AudioError, match=r"cannot read .*none\.wav: No such file"):
        read_wav(tmp_path / "none.wav")
