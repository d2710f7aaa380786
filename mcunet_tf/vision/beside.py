# SPDX-License-Identifier: Apache-2.0
"""Puts decoders and cameras beside a compiled network, in whatever form its project has."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from mcunet_tf.tinyengine.compiler import CompiledModel
from mcunet_tf.tinyengine.emit.formats import DEFAULT_FORMATS
from mcunet_tf.tinyengine.emit.parts import Part
from mcunet_tf.tinyengine.emit.project import Project


def with_parts(
    compiled: CompiledModel, parts: Sequence[Part], formats: str | Sequence[str] = DEFAULT_FORMATS
) -> CompiledModel:
    """The same model, whose library holds some parts more.

    Args:
        compiled: what `compile_tflite` gave.
        parts: as `box_part` and `camera_part` make them.
        formats: what the files are laid out for.

    Raises:
        VisionError: a part does not fit the network.
        McunetError: a format is unknown.
    """
    assert compiled.project is not None and compiled.portable_project is not None
    portable = compiled.portable_project

    def also(project: Project) -> Project:
        return dataclasses.replace(project, parts=(*project.parts, *parts))

    changed = dataclasses.replace(
        compiled, project=also(compiled.project), portable_project=lambda: also(portable())
    )
    return changed.laid_out(formats)
