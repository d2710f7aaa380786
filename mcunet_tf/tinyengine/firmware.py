# SPDX-License-Identifier: Apache-2.0
"""Several compiled models as one library: kernels and equal constants once, one arena for all."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Sequence

from mcunet_tf.errors import BudgetError, McunetError
from mcunet_tf.tinyengine.compiler import REPORT_FILES, CompiledModel
from mcunet_tf.tinyengine.emit import bill
from mcunet_tf.tinyengine.emit.assemble import emit_firmware
from mcunet_tf.tinyengine.emit.formats import (
    DEFAULT_FORMATS,
    any_core,
    check_library_name,
    checked_formats,
    lay_out,
)
from mcunet_tf.tinyengine.emit.hot_weights import placed_notes
from mcunet_tf.tinyengine.emit.library import Library
from mcunet_tf.tinyengine.emit.names import checked_name
from mcunet_tf.tinyengine.emit.parts import JointPart
from mcunet_tf.tinyengine.emit.project import Project
from mcunet_tf.tinyengine.emit.variants import with_fallback
from mcunet_tf.tinyengine.emit.write import Written, write_project


@dataclasses.dataclass(frozen=True, eq=False)
class Firmware:
    """Several models as C.

    Attributes:
      name: the C prefix of what they share.
      models: each on its own, with its figures.
      library: the models as C, for the board.
      files: text by relative path: a project that builds as it stands.
      examples: files that are the application's once they are edited.
    """

    name: str
    models: tuple[CompiledModel, ...]
    library: Library
    files: dict[str, str]
    examples: tuple[str, ...] = ()

    @property
    def arena_bytes(self) -> int:
        """What the models share: as much as the largest needs, or all at once (`parallel`)."""
        return sum(a.size_bytes for a in self.library.arenas if a.name != "state")

    @property
    def state_bytes(self) -> int:
        """What outlasts inferences, of all models."""
        return sum(a.size_bytes for a in self.library.arenas if a.name == "state")

    @property
    def weights_bytes(self) -> int:
        """Constants in flash; what several models have is there once."""
        return self.library.constant_bytes

    @property
    def sources(self) -> dict[str, str]:
        """The library alone, in one folder, whatever the project's formats are."""
        return dict(self.library.files)

    def summary(self) -> str:
        """The figures of the firmware as a whole, a few lines of text."""
        names = ", ".join(model.name for model in self.models)
        alone = sum(model.arena_bytes for model in self.models)
        weights = sum(model.report.weights_bytes for model in self.models)
        lines = [
            f"{self.name} for {self.library.board}: {names}",
            f"  arena    {self.arena_bytes:>12,} B  for all; {alone:,} B were each to have its own",
            f"  state    {self.state_bytes:>12,} B" if self.state_bytes else "",
            f"  weights  {self.weights_bytes:>12,} B  constants in flash; {weights:,} B one by one",
            *(f"  note: {note}" for note in self.library.notes),
        ]
        return "\n".join(filter(None, lines)) + "\n"

    def write(self, output_dir: str | os.PathLike[str]) -> Written:
        """Writes the project; an earlier one is replaced as a whole or not at all.

        Raises:
          OutputError: the folder cannot be written or holds something else.
        """
        return write_project(self.files, pathlib.Path(output_dir), self.examples)


def combine(
    models: Sequence[CompiledModel],
    name: str,
    *,
    parallel: bool = False,
    formats: str | Sequence[str] = DEFAULT_FORMATS,
    sram_budget_bytes: int | None = None,
    output_dir: str | os.PathLike[str] | None = None,
    parts: Sequence[JointPart] = (),
) -> Firmware:
    """Makes one firmware of several models, each with functions of its own.

    Args:
      models: compiled for one board, each under a name of its own.
      name: C prefix of the header, the memories and the constants that they share.
      parallel: whether all are in use at once: each has its own part of the arena then, else they
        run in turn and the arena is as large as the largest needs.
      formats: as `compile_tflite`.
      sram_budget_bytes: the most that arena and states of all models may take.
      output_dir: where to write the project, if anywhere.
      parts: what is emitted beside all of them.

    Raises:
      ModelError: models of several boards, or of one name; a name that a platform forbids.
      BudgetError: arena and states are larger than the budget.
      OutputError: the folder cannot be written or holds something else.
    """
    if not models:
        raise McunetError("no models: give one or more that compile_tflite made")
    checked_name(name)
    names = checked_formats(formats)
    for part in (name, *(model.name for model in models)):
        check_library_name(part, names)
    projects: list[Project] = []
    for model in models:
        assert model.project is not None
        projects.append(model.project)
    library = emit_firmware(name, projects, parallel, parts)
    whole = library
    if any_core(names) and library.condition:
        others = [model.anywhere() for model in models]
        fitting = [other for other in others if other is not None]
        if len(fitting) == len(others):
            whole = with_fallback(library, emit_firmware(name, fitting, parallel, parts))
    laid = lay_out(names, whole)
    together = tuple(map(_in_company, models))
    firmware = Firmware(name, together, library, laid.files, laid.examples)
    needed_bytes = firmware.arena_bytes + firmware.state_bytes
    if sram_budget_bytes is not None and needed_bytes > sram_budget_bytes:
        raise BudgetError(
            f"{name}: arena and states of its models take {needed_bytes} B, over the budget of "
            f"{sram_budget_bytes} B: raise it" + (", or run them in turn" if parallel else "")
        )
    report, _ = REPORT_FILES
    tables = [model.report.text() for model in together]
    firmware.files[report] = "\n".join([firmware.summary(), *tables])
    firmware.files[bill.FILE] = bill.bill_of_materials(library, firmware.files)
    if output_dir is not None:
        firmware.write(output_dir)
    return firmware


def _in_company(model: CompiledModel) -> CompiledModel:
    """A model without what is said of its hot weights: those of all models were chosen together."""
    assert model.project is not None
    alone = placed_notes(model.project)
    notes = tuple(note for note in model.report.notes if note not in alone)
    return dataclasses.replace(model, report=dataclasses.replace(model.report, notes=notes))
