# SPDX-License-Identifier: Apache-2.0
"""Searches compute in float32, whatever a script has set for its own models."""

from __future__ import annotations

import contextlib
from collections.abc import Generator


@contextlib.contextmanager
def in_float32() -> Generator[None]:
    """Makes layers compute in float32; the script's policy is back behind it.

    What sub-networks share is sliced, folded and counted outside of layers, where no policy casts;
    and the networks are so small that half of the precision saves little of their time.
    """
    import keras

    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)
