# SPDX-License-Identifier: Apache-2.0
"""How a network that a search found for spoken words hears: its front end and its labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcunet_tf.audio import Detector, FrontEnd, LogMel, Spotter, join
from mcunet_tf.audio.stored import front_end_of, front_end_settings
from mcunet_tf.boards import Board
from mcunet_tf.errors import AudioError


@dataclasses.dataclass(frozen=True)
class Ear:
    """What stands around a network that hears.

    Attributes:
        front_end: gives the features that it was trained with.
        labels: names of its outputs.
    """

    front_end: FrontEnd | LogMel
    labels: tuple[str, ...]

    def settings(self) -> dict[str, Any]:
        """Plain values, of which `ear_of` makes an equal one."""
        return {"front_end": front_end_settings(self.front_end), "labels": list(self.labels)}


def ear_of(settings: Mapping[str, Any] | None) -> Ear | None:
    """The ear of `Ear.settings`; None of None.

    Raises:
        AudioError: they describe none.
    """
    if settings is None:
        return None
    return Ear(front_end_of(settings["front_end"]), tuple(settings["labels"]))


def joined(
    flatbuffer: bytes | Path,
    ear: Ear | None,
    detector: Detector | None,
    board: Board | str,
    hop: int | None,
    options: Mapping[str, Any],
) -> Spotter:
    """Front end, network and detector as one; see `mcunet_tf.audio.join`.

    Raises:
        AudioError: the network was not found for sound.
    """
    if ear is None:
        raise AudioError(
            "this network was not searched with spoken words, so it has no front end: use "
            "mcunet_tf.audio.join(result.flatbuffer, front_end, detector)"
        )
    used = detector or Detector(ear.labels)
    return join(flatbuffer, ear.front_end, used, board, **{"hop": hop, **options})
