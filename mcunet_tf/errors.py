# SPDX-License-Identifier: Apache-2.0
"""Every error a user can cause: one sentence that names the thing and the remedy."""

import importlib.util


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


class AudioError(McunetError):
    """A front end's description, or the sound that it is given, cannot be worked with."""


class VisionError(McunetError):
    """A decoder's or a camera's description, or the picture that it is given, cannot be used."""


class VerificationError(McunetError):
    """Compiled code and the reference disagree."""


class SearchError(McunetError):
    """An architecture, a search's arguments or its working folder are wrong."""


_EXTRAS = {
    "keras": "keras",
    "tensorflow": "keras",
    "tensorflow_model_optimization": "keras",
    "tf_keras": "keras",
    "tflite_micro": "reference",
    "tflite_runtime": "reference",
    "bakenn": "bench",
    "serial": "serial",
    "sounddevice": "microphone",
    "PIL": "look",
    "yaml": "look",
}


def require_packages(purpose: str, *packages: str) -> None:
    """Makes sure that optional packages are installed, without importing them.

    The compiler needs none of them: `pip install mcunet_tf` brings neither TensorFlow nor oracles.

    Args:
        purpose: what needs them, as the subject of the message.
        packages: names as they are imported.

    Raises:
        ToolError: names the first that is missing and the command that installs it.
    """
    for package in packages:
        if not is_installed(package):
            raise ToolError(
                f"{purpose} needs {package}, which is not installed: "
                f'pip install "mcunet_tf[{_EXTRAS[package]}]"'
            )


def is_installed(package: str) -> bool:
    """Whether a package can be found; it is not imported."""
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):  # withheld by an import hook, or by an entry of sys.modules
        return False
