# SPDX-License-Identifier: Apache-2.0
"""What a search is given in place of finding it: a network, its weights, a trained supernet."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mcunet_tf.errors import BudgetError, SearchError
from mcunet_tf.tinynas import families
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.checkpoint import Checkpoints, read_state, write_state
from mcunet_tf.tinynas.cost import candidate_cost, excesses, keeps
from mcunet_tf.tinynas.data import Array, as_float
from mcunet_tf.tinynas.identity import SUPERNET_FILE
from mcunet_tf.tinynas.options import SearchOptions
from mcunet_tf.tinynas.protocols import Weights
from mcunet_tf.tinynas.space import Space, SpaceStage

SUPERNET = "supernet"
"""Name of a supernet's training."""


def check_given(
    arch: Arch, image_shape: tuple[int, int, int], num_classes: int, options: SearchOptions
) -> None:
    """Makes sure that a network suits the data and keeps the budget.

    Raises:
        SearchError: its images have other channels.
        BudgetError: it needs more than the budget; the message says of what.
    """
    if arch.input_shape[2] != image_shape[2]:
        raise SearchError(
            f"the network takes images of {arch.input_shape[2]} channels, the data has "
            f"{image_shape[2]}: use dataclasses.replace(arch, input_shape=...)"
        )
    budget, board = options.budget, options.target
    if keeps(arch, num_classes, board, budget):
        return
    cost = candidate_cost(arch, num_classes, board, budget.sram_bytes, budget.hop)
    said = excesses(cost, budget)
    raise BudgetError(
        f"the network does not fit: it needs {' and '.join(said) or 'more than allowed'}: raise "
        "that limit, or search a smaller one"
    )


def given_weights(arch: Arch, num_classes: int, given: Any, calibration_x: Array) -> Weights:
    """What the training of a network begins with.

    Norms that a file folded into its convolutions, or that had other images, get the statistics of
    these: the network begins as what was given.

    Args:
        arch: the network.
        num_classes: number of its outputs.
        given: see `initial.read_initial`.
        calibration_x: training images of the network's size.
    """
    from mcunet_tf.tinynas.initial import CLASSIFIER, read_initial, settle_norms

    weights = read_initial(given, arch, num_classes)
    model = arch.to_keras(num_classes)
    for name, values in weights.items():
        model.get_layer(name).set_weights(values)
    settle_norms(model, as_float(calibration_x))
    return {
        name: model.get_layer(name).get_weights() if name != CLASSIFIER else values
        for name, values in weights.items()
    }


def keep_supernet(folder: Path, space: Space, num_classes: int) -> None:
    """Writes of which space the supernet in a folder is, for other boards and budgets.

    Raises:
        OutputError: the folder cannot be written.
    """
    content = {
        "space": json.loads(json.dumps(dataclasses.asdict(space))),
        "family": type(space.family).__name__,
        "classes": num_classes,
    }
    write_state(folder / SUPERNET_FILE, content)


def load_supernet(
    folder: Path, spaces: Sequence[Space] | None, channels: int, num_classes: int
) -> tuple[Space, Any]:
    """(space, trained network) of an earlier search by epochs.

    Args:
        folder: its working folder.
        spaces: spaces of the user's own families, of which it may be.
        channels: channels of the data's images.
        num_classes: number of outputs that are needed.

    Raises:
        SearchError: there is none, it is damaged, or of other data.
    """
    from mcunet_tf.tinynas.supernet import Supernet

    content = read_state(folder / SUPERNET_FILE)
    if content is None:
        raise SearchError(
            f"{folder} holds no supernet: give the working folder of a finished search by epochs "
            "(a search by minutes trains none)"
        )
    try:
        space = _space(content["space"], content["family"], spaces or ())
        classes = int(content["classes"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SearchError(f"{folder / SUPERNET_FILE} is damaged: search again") from error
    if (space.input_shape[2], classes) != (channels, num_classes):
        raise SearchError(
            f"the supernet in {folder} is for {space.input_shape[2]} channels and {classes} "
            f"outputs, the data has {channels} and {num_classes}"
        )
    found = Checkpoints(folder, SUPERNET).load()
    if found is None:
        raise SearchError(f"{folder} holds no supernet: its {SUPERNET}-*.ckpt is missing")
    _, arrays, _ = found
    network = Supernet(space.arch(space.largest()), classes, space.optional_blocks())
    for index, variable in enumerate(network.variables):
        variable.assign(arrays[f"v{index}"])
    return space, network


def _space(row: dict[str, Any], family: str, given: Sequence[Space]) -> Space:
    for space in given:
        if type(space.family).__name__ == family:
            if json.loads(json.dumps(dataclasses.asdict(space))) == row:
                return space
    kind = getattr(families, family, None)
    if kind is None:
        raise SearchError(
            f"the supernet's family {family} is one of your own: give the spaces it was chosen "
            "from as spaces="
        )
    stages = tuple(SpaceStage(**_tuples(stage)) for stage in row["stages"])
    made = {"stages": stages, "family": kind(**_tuples(row["family"]))}
    return Space(**{**_tuples(row), **made})


def _tuples(row: dict[str, Any]) -> dict[str, Any]:
    """A row of JSON, which knows lists alone."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
