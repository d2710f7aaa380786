# SPDX-License-Identifier: Apache-2.0
"""What the templates of examples are filled with, whatever the platform."""

from __future__ import annotations

from typing import Any

from mcunet_tf.tinyengine.emit.library import Library, Network


def facts(library: Library) -> dict[str, Any]:
    """The library, and how its first outputs are printed."""
    has_state = any(network.has_state for network in library.networks)
    return {"library": library, "has_state": has_state, "cast": _printable}


def network_names(library: Library) -> str:
    """The models as a phrase."""
    return " and ".join(network.name for network in library.networks)


def _printable(network: Network) -> str:
    """A cast to a type that Arduino's print takes as a number, not as a character."""
    kind = network.outputs[0].dtype
    wide = {"float32": "", "int32": "(long)", "int64": "(long)", "uint32": "(unsigned long)"}
    return wide.get(kind, "(int)")
