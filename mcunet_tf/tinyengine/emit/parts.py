# SPDX-License-Identifier: Apache-2.0
"""What is emitted beside networks and belongs to their library: cameras, decoders, cascades."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from mcunet_tf.tinyengine.emit.library import Arena, Network


@dataclasses.dataclass(frozen=True)
class PartFiles:
    """A part of a library.

    Attributes:
      files: C text by path; headers among them are public.
      kernels: files that it needs, by path under `kernels/`, the header that declares them too.
      examples: by the name of a project format, text by path that such a project is begun with.
    """

    files: Mapping[str, str]
    kernels: tuple[str, ...] = ()
    examples: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)


Part = Callable[[Network], PartFiles]
"""Makes the part that belongs to a network."""

JointPart = Callable[[Sequence[Network], Sequence[Arena]], PartFiles]
"""Makes the part that belongs to all networks of a firmware, whose memories it is given."""
