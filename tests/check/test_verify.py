# SPDX-License-Identifier: Apache-2.0
"""Verification says what it compared and with whom, and sees what is wrong in the emitted C."""

import numpy as np
import pytest

from mcunet_tf.check import verify
from mcunet_tf.check.compare import Answers
from mcunet_tf.check.verify import verify_on_host
from mcunet_tf.errors import ModelError, VerificationError
from mcunet_tf.tinyengine import compile_tflite
from tests.benchmark.small_net import small_net


class Stub:
    """A reference of a known answer, and the one to ask after it."""

    def __init__(self, version, answer, other=None):
        self.version, self._answer, self._other = version, answer, other

    def run(self, inputs):
        if self._answer is None:
            raise ModelError("it died of the model")
        return [(self._answer,) for _ in inputs]

    def other(self):
        return self._other


class Info:
    dtype, scale, zero_point = "int8", 1.0, 0


ONE, TWO, THREE = (np.full((1, 4), value, np.int8) for value in (1, 2, 3))


@pytest.mark.parametrize(
    ("got", "told"),
    [
        (ONE, {"first": 0}),
        (TWO, {"first": 2, "second": 0}),
        (THREE, {"first": 2, "second": 2}),
    ],
)
def test_the_reference_that_decides_is_the_last_one(got, told):
    answers = Answers(Stub("first", ONE, Stub("second", TWO)), [(), ()])
    for _ in range(2):  # the second time, both are known
        found = answers.differences([Info], [(got,), (got,)])
        assert {version: len(found[version]) for version in found} == told


def test_a_second_reference_that_dies_leaves_the_first():
    answers = Answers(Stub("first", ONE, Stub("second", None)), [()])
    assert list(answers.differences([Info], [(TWO,)])) == ["first"]


def test_equal_means_value_and_type():
    answers = Answers(Stub("first", np.array([np.nan, 1], np.float32)), [()])
    same, other = np.array([np.nan, 1], np.float32), np.array([1, np.nan], np.float32)
    assert not answers.differences([Info], [(same,)])["first"]
    assert answers.differences([Info], [(other,)])["first"]
    assert answers.differences([Info], [(np.zeros(2, np.int32),)])["first"]


@pytest.fixture
def disagreeing(monkeypatch):
    """The first reference gives other outputs than the second, which is sound."""
    sound = verify.Reference

    class First(Stub):
        def __init__(self, model, remembers=None):
            super().__init__("odd 1.0", None, sound(model, remembers))
            self.inputs = self._other.inputs

        def run(self, inputs):
            return [tuple(a ^ 1 for a in arrays) for arrays in self._other.run(inputs)]

    monkeypatch.setattr(verify, "Reference", First)


def test_the_message_names_the_reference_that_was_equal(disagreeing):
    model = small_net()
    told = str(verify_on_host(compile_tflite(model, "host"), model, 2, seed=0))
    assert "of 2 inputs equal tflite" in told
    assert told.endswith(", with which odd 1.0 does not agree")


def test_where_none_is_equal_both_are_named(disagreeing, monkeypatch):
    monkeypatch.setattr(verify, "decode_outputs", lambda c, raw: (np.zeros(1, np.int8),))
    model = small_net()
    with pytest.raises(VerificationError, match=r"odd 1\.0 gives .*; .*tflite.* gives .*report"):
        verify_on_host(compile_tflite(model, "host"), model, 2, seed=0)
