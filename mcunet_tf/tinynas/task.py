# SPDX-License-Identifier: Apache-2.0
"""What a network is to learn: the kind of its outputs, the loss, the metrics, and weights."""

from __future__ import annotations

import dataclasses
import hashlib
import marshal
from collections.abc import Callable, Mapping
from typing import Any

from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.checks import check_real, check_whole, shown
from mcunet_tf.tinynas.metrics import METRICS

HEADS = tuple(METRICS)
LOSSES = {
    "classes": ("crossentropy", "focal"),
    "multilabel": ("binary_crossentropy", "focal"),
    "regression": ("mse", "mae", "huber"),
}
"""Names of losses by head; the first one is the default."""


@dataclasses.dataclass(frozen=True)
class Task:
    """What is learnt, whatever the data.

    Attributes:
        head: "classes": one of several classes; "multilabel": any number of labels;
            "regression": real values.
        loss: name of `LOSSES`, or a function (targets, outputs) of TensorFlow tensors that gives
            the loss of each sample, or a `keras.losses.Loss`. Outputs are logits; targets and
            outputs of a regression are standardised: of mean 0 and deviation 1. None takes the
            head's default.
        metrics: names of `metrics.METRICS`, or functions (targets, predictions) of numpy arrays
            that give a number which is better where it is greater. The first one decides. Empty
            takes the head's default.
        class_weight: weight of each class in the loss, by its number; "balanced" weighs classes
            by the inverse of their frequency; None weighs all samples alike.

    Raises:
        SearchError: a head, loss or metric is unknown, or weights do not belong to the head.
    """

    head: str = "classes"
    loss: str | Callable[..., Any] | None = None
    metrics: tuple[str | Callable[..., float], ...] = ()
    class_weight: Mapping[int, float] | str | None = None

    def __post_init__(self) -> None:
        if self.head not in HEADS:
            raise SearchError(f"head = {shown(self.head)}: use one of {HEADS}")
        known = LOSSES[self.head]
        if isinstance(self.loss, str) and self.loss not in known:
            raise SearchError(
                f"loss '{self.loss}' is unknown for head '{self.head}': use one of {known}, or a "
                "function of (targets, outputs)"
            )
        if self.loss is not None and not isinstance(self.loss, str) and not callable(self.loss):
            raise SearchError(f"loss = {shown(self.loss)}: give a name or a function")
        if getattr(self.loss, "from_logits", None) is False and self.head != "regression":
            raise SearchError(
                f"loss '{_name(self.loss)}' wants probabilities, but networks give logits: make it "
                "with from_logits=True"
            )
        if isinstance(self.loss, type):
            raise SearchError(f"loss = {shown(self.loss)}: give an instance, not the class")
        self._check_metrics()
        self._check_class_weight()

    def _check_metrics(self) -> None:
        known = tuple(METRICS[self.head])
        for metric in self.metrics:
            if isinstance(metric, str) and metric not in known:
                raise SearchError(
                    f"metric '{metric}' is unknown for head '{self.head}': use one of {known}, or "
                    "a function of (targets, predictions)"
                )
            if not isinstance(metric, str) and (not callable(metric) or isinstance(metric, type)):
                raise SearchError(f"metric {shown(metric)}: give a name or a function")
        if len(set(self.metric_names)) < len(self.metric_names):
            raise SearchError(f"metrics = {list(self.metric_names)}: two have the same name")

    def _check_class_weight(self) -> None:
        weight = self.class_weight
        if weight is None or weight == "balanced":
            pass
        elif not isinstance(weight, Mapping) or not weight:
            raise SearchError(
                f"class_weight = {shown(weight)}: give 'balanced', or a dictionary of weights by "
                "class"
            )
        else:
            for label, value in weight.items():
                check_whole("a class of class_weight", label, 0)
                check_real(f"class_weight of class {label}", value, 0.0)
        if weight is not None and self.head != "classes":
            raise SearchError(
                f"class_weight belongs to head 'classes', not '{self.head}': pass weights of "
                "samples, (x, y, weights), as data"
            )

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Names of all metrics; the first one decides."""
        metrics = self.metrics or (next(iter(METRICS[self.head])),)
        return tuple(m if isinstance(m, str) else _name(m) for m in metrics)

    @property
    def bounded(self) -> bool:
        """Whether the gradient of the loss of a sample is at most about 1 for any outputs."""
        return self.head != "regression" and (self.loss is None or isinstance(self.loss, str))

    @property
    def loss_name(self) -> str:
        """Name of the loss."""
        loss = LOSSES[self.head][0] if self.loss is None else self.loss
        return loss if isinstance(loss, str) else _name(loss)

    def content(self) -> dict[str, Any]:
        """What tells this task from others: functions by their name and code."""
        weight = self.class_weight
        if isinstance(weight, Mapping):
            weight = str(sorted((int(k), float(v)) for k, v in weight.items()))
        metrics = [_described(m) for m in self.metrics] or list(self.metric_names)
        return {
            "head": self.head,
            "loss": _described(self.loss) if self.loss is not None else self.loss_name,
            "metrics": " ".join(metrics),
            "class_weight": weight,
        }


def _name(function: Any) -> str:
    name = getattr(function, "__name__", None) or getattr(function, "name", None)
    return str(name or type(function).__name__)


def _described(given: Any) -> str:
    """A name, and for functions of Python a digest of their code."""
    if isinstance(given, str):
        return given
    code = getattr(given, "__code__", None)
    if code is not None:
        return f"{_name(given)}-{hashlib.sha256(marshal.dumps(code)).hexdigest()[:12]}"
    config: dict[str, Any] = getattr(given, "get_config", dict)()
    digest = hashlib.sha256(repr(sorted(config.items())).encode()).hexdigest()
    return f"{_name(given)}-{digest[:12]}"
