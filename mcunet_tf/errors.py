# SPDX-License-Identifier: Apache-2.0
"""Every error a user can cause: one sentence that names the thing and the remedy."""


class McunetError(Exception):
    """Base class: command-line tools print its text on one line and exit with code 1."""


class ModelError(McunetError):
    """The `.tflite` file is damaged, or is not a model that can be read."""


class UnsupportedError(ModelError):
    """The model is sound but holds operators or types that cannot be compiled."""


class CompilerError(McunetError):
    """The compiler itself is at fault, not the model; the message asks for a report."""

    def __init__(self, found: str) -> None:
        super().__init__(f"compiler error: {found}; please report it together with the model")


class BoardError(McunetError):
    """A board is unknown, or its description is wrong."""


class BudgetError(McunetError):
    """The model cannot fit the memory that it was given."""


class ToolError(McunetError):
    """A compiler, an emulator or a device that is needed is missing or failed."""


class OutputError(McunetError):
    """A result cannot be written where it was asked for."""


class DataError(McunetError):
    """A data set is missing, empty or damaged."""


class VerificationError(McunetError):
    """Compiled code and the reference disagree."""


class SearchError(McunetError):
    """An architecture, a search's arguments or its working folder are wrong."""
