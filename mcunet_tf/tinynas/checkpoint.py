# SPDX-License-Identifier: Apache-2.0
"""State on disk that survives a kill at any moment: written beside, then put in place.

A file is either whole or not there. Each carries the SHA-256 of its content, so that damage is
found when it is read and not an hour later.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.errors import OutputError, SearchError

Arrays = dict[str, npt.NDArray[Any]]
_KEPT = 2
_DIGEST_BYTES = 32


def write_model(path: Path, model: Any) -> None:
    """Replaces the `.keras` file of a Keras model as a whole.

    Raises:
        OutputError: The disk is full, or the folder cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        # Keras writes to a path of its own suffix, and not in one step.
        whole = Path(folder) / "model.keras"
        try:
            model.save(whole)
            content = whole.read_bytes()
        except OSError as error:
            raise OutputError(
                f"cannot write {whole}: {error.strerror or error}; set TMPDIR to a folder with "
                "space, then start again: checkpoints are kept"
            ) from error
    write_bytes(path, content)


def write_bytes(path: Path, content: bytes) -> None:
    """Replaces a file as a whole, or leaves it as it was.

    Raises:
        OutputError: The disk is full, or the folder cannot be written.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(
            f"cannot write {path}: {error.strerror or error}; free space or choose another "
            "workdir, then start again: earlier checkpoints are kept"
        ) from error


def write_json(path: Path, value: Any) -> None:
    """Replaces a JSON file as a whole."""
    write_bytes(path, (json.dumps(value, indent=1) + "\n").encode())


def read_json(path: Path) -> Any:
    """Reads what `write_json` wrote; None where there is no file.

    Raises:
        SearchError: The file is damaged.
    """
    if not path.exists():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SearchError(f"{path} is damaged ({error}): delete it to redo this step") from error


class Checkpoints:
    """Numbered checkpoints `<name>-<step>.ckpt` in a folder, of which the last two are kept."""

    def __init__(self, folder: Path, name: str):
        self.folder = folder
        self.name = name

    def save(self, step: int, arrays: Mapping[str, npt.NDArray[Any]], meta: Any) -> None:
        """Writes checkpoint `step` and removes those before the last but one."""
        buffer = io.BytesIO()
        text = np.frombuffer(json.dumps(meta).encode(), np.uint8)
        # NumPy's types take any keyword for its flag `allow_pickle`.
        savez: Callable[..., None] = np.savez
        savez(buffer, **arrays, meta_json=text)
        content = buffer.getvalue()
        write_bytes(self._path(step), content + hashlib.sha256(content).digest())
        for old in self._steps()[:-_KEPT]:
            self._path(old).unlink(missing_ok=True)

    def load(self) -> tuple[int, Arrays, Any] | None:
        """(step, arrays, meta) of the last checkpoint, or None where there is none.

        Raises:
            SearchError: The last checkpoint is damaged.
        """
        steps = self._steps()
        if not steps:
            return None
        path = self._path(steps[-1])
        content = path.read_bytes()
        body, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
        if hashlib.sha256(body).digest() != digest:
            raise SearchError(
                f"checkpoint {path} is damaged: delete it to go on from the one before it"
            )
        with np.load(io.BytesIO(body)) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return steps[-1], arrays, json.loads(arrays.pop("meta_json").tobytes())

    def _path(self, step: int) -> Path:
        return self.folder / f"{self.name}-{step:05d}.ckpt"

    def _steps(self) -> list[int]:
        paths = self.folder.glob(f"{self.name}-*.ckpt")
        return sorted(int(path.stem.rpartition("-")[2]) for path in paths)
