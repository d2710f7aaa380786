# SPDX-License-Identifier: Apache-2.0
"""Reads WAV files whose samples are 16 bits of one channel, or become so exactly."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.errors import AudioError

Integers = npt.NDArray[Any]

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_CODES = {_PCM: "PCM", 2: "ADPCM", 6: "A-law", 7: "mu-law", 0x55: "MP3", _FLOAT: "float"}
_UNKNOWN_SIZE = 0x7FFFF000
"""What writes into a pipe gives this size of samples, or a larger one."""
_PCM_BYTES = (1, 2, 3, 4)


def read_wav(path: str | Path, sample_rate: int = 16000) -> Integers:
    """The samples of a WAV file, int16 [count].

    Samples of 8, 24 and 32 bits, float ones and several channels are taken where nothing is lost:
    where all are multiples of int16's steps, and all channels equal. Nothing is resampled, mixed
    or rounded, as that would be hidden; the error names a command that does it.

    Args:
        path: the file.
        sample_rate: what its rate must be, in Hz.

    Raises:
        AudioError: the file is missing, damaged, cut short, empty, or would have to be changed.
    """
    file = Path(path)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise AudioError(f"cannot read {path}: {error.strerror}") from error
    form, channels, rate, bits, samples = _chunks(file, data)
    _require(channels >= 1, file, "has no channels", "record it again")
    _require(rate > 0, file, "has a rate of 0", "record it again")
    _require(
        rate == sample_rate,
        file,
        f"has {rate} samples per second, not {sample_rate}",
        _sox(file, f"rate {sample_rate}"),
    )
    values = _values(file, form, bits, samples)
    _require(len(values) >= channels, file, "holds no samples", "record it again")
    frames = values[: len(values) // channels * channels].reshape(-1, channels)
    _require(
        bool((frames == frames[:, :1]).all()),
        file,
        f"has {channels} channels that differ",
        _sox(file, "remix 1"),
    )
    return np.ascontiguousarray(frames[:, 0])


def _require(holds: bool, file: Path, found: str, remedy: str) -> None:
    if not holds:
        raise AudioError(f"{file} {found}: {remedy}")


def _sox(file: Path, effect: str = "") -> str:
    command = ["sox", file.name, "-b 16 -e signed-integer", "out.wav", effect]
    return f"convert it with {' '.join(command).strip()}"


def _chunks(file: Path, data: bytes) -> tuple[int, int, int, int, bytes]:
    """Format code, channels, rate, bits and the bytes of the samples."""
    _require(len(data) > 0, file, "is empty", "record it again")
    riff = len(data) >= 12 and data[:4] == b"RIFF" and data[8:12] == b"WAVE"
    _require(riff, file, "is no WAV file", "convert it, for instance with sox or ffmpeg")
    described: tuple[int, int, int, int] | None = None
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + size]
        if name == b"fmt ":
            _require(len(body) >= 16, file, "has a format chunk cut short", "record it again")
            form, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
            if form == _EXTENSIBLE and len(body) >= 26:
                form = int.from_bytes(body[24:26], "little")
            described = (form, channels, rate, bits)
        elif name == b"data" and described is not None:
            found = f"is cut short: {len(body)} of {size} bytes of samples are there"
            remedy = "copy or record it again"
            if size >= _UNKNOWN_SIZE:
                found = "does not say how long it is, as what comes through a pipe"
                remedy = f"convert it with sox --ignore-length {file.name} out.wav"
            _require(len(body) == size, file, found, remedy)
            return (*described, body)
        at += 8 + size + size % 2
    raise AudioError(f"{file} has no format and samples, so it was cut short: record it again")


def _values(file: Path, form: int, bits: int, data: bytes) -> Integers:
    """Samples as int16, where that loses nothing."""
    kind = f"{_CODES.get(form, f'code {form}')} samples of {bits} bits"
    if form == _FLOAT and bits in (32, 64):
        width = bits // 8
        reals = np.frombuffer(data[: len(data) // width * width], f"<f{width}")
        wide = reals.astype(np.float64) * 32768.0
        exact = bool(np.all(np.isfinite(wide)) and np.all(wide == np.rint(wide)))
    else:
        readable = form == _PCM and bits % 8 == 0 and bits // 8 in _PCM_BYTES
        _require(readable, file, f"has {kind}", _sox(file))
        kind = f"samples of {bits} bits"
        integers = _integers(data, bits // 8)
        wide = integers.astype(np.float64) * 2.0 ** (16 - bits)
        exact = bool(np.all(wide == np.rint(wide)))
    exact = exact and bool(np.all((wide >= -32768) & (wide <= 32767)))
    _require(exact, file, f"has {kind} that 16 bits do not hold exactly", _sox(file))
    return wide.astype(np.int16)


def _integers(data: bytes, width: int) -> Integers:
    """Whole samples, int32."""
    raw = np.frombuffer(data[: len(data) // width * width], np.uint8).reshape(-1, width)
    if width == 1:  # the only size without a sign
        return raw[:, 0].astype(np.int32) - 128
    padded = np.zeros((len(raw), 4), np.uint8)
    padded[:, 4 - width :] = raw
    return padded.reshape(-1).view("<i4") >> (32 - 8 * width)
