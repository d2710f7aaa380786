# SPDX-License-Identifier: Apache-2.0
"""State on disk that survives a kill at any moment: written beside, then put in place.

A file is either whole or not there. Checkpoints and the state in JSON carry the SHA-256 of their
content, so that damage is found when they are read and not an hour later.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import tempfile
import zipfile
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
        OutputError: the disk is full, or the folder cannot be written.
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
        OutputError: the disk is full, or the folder cannot be written.
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
        with contextlib.suppress(OSError):
            partial.unlink()
        raise OutputError(
            f"cannot write {path}: {error.strerror or error}; free space or choose another "
            "workdir, then start again: earlier checkpoints are kept"
        ) from error


def write_json(path: Path, value: Any) -> None:
    """Replaces a JSON file as a whole.

    Raises:
        OutputError: the disk is full, or the folder cannot be written.
    """
    write_bytes(path, (json.dumps(value, indent=1) + "\n").encode())


def read_json(path: Path) -> Any:
    """Reads what `write_json` wrote; None where there is no file.

    Raises:
        SearchError: the file is damaged.
    """
    if not path.exists():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SearchError(f"{path} is damaged ({error}): delete it to redo this step") from error


def write_state(path: Path, content: Any) -> None:
    """Replaces a JSON file of a working folder: the content with its SHA-256.

    Raises:
        OutputError: the disk is full, or the folder cannot be written.
    """
    write_json(path, {"sha256": _digest(content), "content": content})


def read_state(path: Path) -> Any:
    """Reads what `write_state` wrote; None where there is no file.

    Raises:
        SearchError: the file is damaged, was edited, or comes from somewhere else.
    """
    stored = read_json(path)
    if stored is None:
        return None
    whole = isinstance(stored, dict) and stored.get("sha256") == _digest(stored.get("content"))
    if not whole:
        raise SearchError(
            f"{path} is damaged, or not a file of this search: delete it to redo this step, or "
            "choose another workdir"
        )
    return stored["content"]


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


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
            SearchError: the last checkpoint is damaged.
        """
        steps = self._steps()
        if not steps:
            return None
        path = self._path(steps[-1])
        try:
            content = path.read_bytes()
            body, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
            if hashlib.sha256(body).digest() != digest:
                raise ValueError("its checksum is wrong")
            with np.load(io.BytesIO(body)) as stored:
                arrays = {name: stored[name] for name in stored.files}
            return steps[-1], arrays, json.loads(arrays.pop("meta_json").tobytes())
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise SearchError(
                f"checkpoint {path} is damaged ({error}): delete it to go on from the one before it"
            ) from error

    def _path(self, step: int) -> Path:
        return self.folder / f"{self.name}-{step:05d}.ckpt"

    def _steps(self) -> list[int]:
        """Numbers of the checkpoints that are there; other files of like names are left alone."""
        ours = re.compile(re.escape(self.name) + r"-(\d{5,})\.ckpt")
        matches = (ours.fullmatch(path.name) for path in self.folder.glob(f"{self.name}-*.ckpt"))
        return sorted(int(match.group(1)) for match in matches if match)
