# SPDX-License-Identifier: Apache-2.0
"""Keeps the console for the command's own words: TensorFlow's go to a file."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from mcunet_tf.errors import OutputError


def make_folder(folder: Path, flag: str = "--output_dir") -> None:
    """Makes the folder that a flag names, with its parents.

    Raises:
        OutputError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make folder {folder}: {error.strerror}; use {flag}") from error


@contextlib.contextmanager
def stderr_to(log: Path) -> Iterator[None]:
    """Sends what TensorFlow's C++ writes to stderr, which no setting silences, to a file.

    Raises:
        OutputError: The file cannot be written.
    """
    try:
        file = log.open("ab")
    except OSError as error:
        raise OutputError(f"cannot write {log}: {error.strerror}; use --output_dir") from error
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with file:
            os.dup2(file.fileno(), 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
