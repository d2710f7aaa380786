# SPDX-License-Identifier: Apache-2.0
"""A front end's settings as plain values, for files that say how a network hears."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from mcunet_tf.audio.front_end import FrontEnd
from mcunet_tf.audio.log_mel import LogMel
from mcunet_tf.audio.log_mel_settings import QuantizedOutput
from mcunet_tf.audio.settings import GainControl, Int8Output, NoiseReduction
from mcunet_tf.errors import AudioError

_KINDS = {"FrontEnd": FrontEnd, "LogMel": LogMel}
_PARTS: dict[str, dict[str, Any]] = {
    "FrontEnd": {
        "noise_reduction": NoiseReduction,
        "gain_control": GainControl,
        "output": Int8Output,
    },
    "LogMel": {"output": QuantizedOutput},
}


def front_end_settings(front_end: FrontEnd | LogMel) -> dict[str, Any]:
    """Its kind and settings, of which `front_end_of` makes an equal one; JSON holds them."""
    return {"kind": type(front_end).__name__, **dataclasses.asdict(front_end)}


def front_end_of(settings: Mapping[str, Any]) -> FrontEnd | LogMel:
    """The front end of `front_end_settings`.

    Raises:
        AudioError: they describe none.
    """
    given = dict(settings)
    name = given.pop("kind", None)
    if name not in _KINDS:
        raise AudioError(f"there is no front end '{name}': use one of {', '.join(_KINDS)}")
    for part, kind in _PARTS[name].items():
        if given.get(part) is not None:
            given[part] = kind(**given[part])
    try:
        made: FrontEnd | LogMel = _KINDS[name](**given)
    except TypeError as error:
        raise AudioError(f"these are no settings of {name}: {error}") from error
    return made
