# SPDX-License-Identifier: Apache-2.0
"""What of a front end's C is its own; `emit` writes what all have alike around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mcunet_tf.tinyengine.kernel_tables.table import Blob

ISA = "@isa@"
"""Stands for the instruction set in the names of kernels."""


@dataclass(frozen=True)
class EarSource:
    """Parts of a front end's C; in texts, `@name@` and `@NAME@` stand for its prefix.

    Attributes:
        said: what it is, a sentence.
        tables: constants by the end of their names.
        structs: definitions behind the constants.
        kernels: files under `kernels/audio/`, without suffixes.
        header: the kernels' header.
        state: fields of the state beside its samples.
        scratch: fields of the scratch.
        compute: statements that make `row` of `state->samples`.
        row_type: of a feature.
        values: features of a row, or None: as many as bands.
    """

    said: str
    tables: Mapping[str, Blob]
    structs: str
    kernels: tuple[str, ...]
    header: str
    state: str
    scratch: str
    compute: str
    row_type: str
    values: int | None = None
