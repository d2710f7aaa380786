# SPDX-License-Identifier: Apache-2.0
"""What is emitted beside a network and belongs to its library: cameras, decoders."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from mcunet_tf.tinyengine.emit.library import Network


@dataclasses.dataclass(frozen=True)
class PartFiles:
    """A part of a library.

    Attributes:
      files: C text by path; headers among them are public.
      kernels: files that it needs, by path under `kernels/`, the header that declares them too.
    """

    files: Mapping[str, str]
    kernels: tuple[str, ...] = ()


Part = Callable[[Network], PartFiles]
"""Makes the part that belongs to a network."""
