# SPDX-License-Identifier: Apache-2.0
"""Spoils the files of a folder and compiles them: nothing but errors of one line may come out.

python -m tests.tinyengine.damaged_corpus FOLDER [--files=20000] [--first=0] [--largest=60000]
"""

from __future__ import annotations

import argparse
import collections
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tflite

from mcunet_tf.errors import McunetError
from mcunet_tf.tinyengine import compile_tflite
from tests.tinyengine.damage import spoil_bytes, spoil_meaning

SECONDS_PER_FILE = 10
LARGEST_BYTES = 60_000
_KEPT_BYTES = 64  # of buffers: larger ones are weights, whose bytes are sound whatever they are
_BOARDS = ("qemu-m4", "qemu-m55", "host")


class Slow(BaseException):
    """A file takes too long; no handler of exceptions takes it for damage."""


def small_files(folder: Path, largest: int = LARGEST_BYTES) -> list[bytes]:
    """The contents of the folder's models that are compiled fast, by name."""
    paths = sorted(folder.rglob("*.tflite"))
    return [path.read_bytes() for path in paths if path.stat().st_size <= largest]


def structure_of(model: bytes) -> np.ndarray:
    """Offsets of the bytes that are no weights."""
    own = np.ones(len(model), bool)
    root = tflite.Model.GetRootAsModel(model, 0)
    for i in range(root.BuffersLength()):
        buffer = root.Buffers(i)
        if buffer.DataLength() > _KEPT_BYTES:
            start = buffer._tab.Vector(buffer._tab.Offset(4))
            own[start : start + buffer.DataLength()] = False
    return np.flatnonzero(own)


def spoil_structure(model: bytes, rng: np.random.Generator) -> bytes:
    """Other bytes where the file says what it is."""
    data = bytearray(model)
    places = structure_of(model)
    for at in rng.choice(places, rng.integers(1, 5)):
        if rng.integers(3):
            data[at] = rng.integers(256)
        else:
            data[at] ^= 1 << rng.integers(8)
    return bytes(data)


def spoiled(files: list[bytes], seed: int) -> bytes:
    """A damaged file: its bytes, those that are no weights, or what they mean."""
    rng = np.random.default_rng(seed)
    model = files[seed % len(files)]
    how = rng.integers(4)
    if how == 3:
        try:
            return spoil_meaning(model, rng)
        except Exception:  # what only `Net` cannot say
            how = 1
    return spoil_structure(model, rng) if how else spoil_bytes(model, files, rng)


def outcome(model: bytes, seed: int) -> str:
    """What became of a file; what is wrong begins with "WRONG"."""

    def stop(*_: object) -> None:
        raise Slow

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS_PER_FILE)
    try:
        compile_tflite(model, _BOARDS[seed % len(_BOARDS)], name="m")
        return "compiled"
    except McunetError as error:
        many = "\n" in str(error) or type(error).__name__ == "CompilerError"
        return f"WRONG {error!r}" if many else type(error).__name__
    except Slow:
        at = "".join(traceback.format_exc().splitlines(keepends=True)[-8:])
        return f"WRONG more than {SECONDS_PER_FILE} s\n{at}"
    except Exception:
        return f"WRONG {traceback.format_exc()}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def outcomes(files: list[bytes], seeds: range) -> Iterator[tuple[int, str]]:
    """Every seed with what became of its file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # scales of 1e38
        for seed in seeds:
            yield seed, outcome(spoiled(files, seed), seed)


def main() -> int:
    """Prints what is wrong, and how often everything came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--largest", type=int, default=LARGEST_BYTES)
    options = parser.parse_args()
    files = small_files(options.folder, options.largest)
    found: collections.Counter[str] = collections.Counter()
    begin = time.monotonic()
    for seed, told in outcomes(files, range(options.first, options.first + options.files)):
        found[told.split()[0]] += 1
        if told.startswith("WRONG"):
            print(f"seed {seed}: {told}", flush=True)
        if seed % 500 == 499:
            print(f"{seed + 1}: {dict(found)}, {time.monotonic() - begin:.0f} s", flush=True)
    print(f"{len(files)} models, {options.files} damaged: {dict(found)}")
    return 1 if found["WRONG"] else 0


if __name__ == "__main__":
    sys.exit(main())
