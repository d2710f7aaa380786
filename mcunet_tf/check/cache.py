# SPDX-License-Identifier: Apache-2.0
"""Build products are kept by the hash of what made them, so that a second run is instant."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from mcunet_tf.errors import OutputError


def cache_dir() -> Path:
    """The user's cache folder: `$XDG_CACHE_HOME/mcunet_tf`, by default `~/.cache/mcunet_tf`."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "mcunet_tf"


def content_key(*parts: str | bytes) -> str:
    """Hashes the parts, each with its length, to 24 hex digits."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:24]


def cached(relative: str, make: Callable[[Path], object]) -> Path:
    """Returns the cached file, letting `make` write it first where it is missing.

    `make` gets a temporary path in the same folder; the file appears under its name in one step,
    so that two processes may build the same thing at once.

    Raises:
        OutputError: the cache folder cannot be written.
    """
    target = cache_dir() / relative
    if target.exists():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".new-", suffix=target.suffix, dir=target.parent)
        os.close(handle)
    except OSError as error:
        raise OutputError(
            f"cannot write the cache folder {target.parent}: {error.strerror}; "
            "set XDG_CACHE_HOME to a folder that can be written"
        ) from error
    temporary = Path(name)
    try:
        make(temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return target
