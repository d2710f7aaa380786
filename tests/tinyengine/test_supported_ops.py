# SPDX-License-Identifier: Apache-2.0
"""The list of operators that users read is the one that the compiler holds."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables import KERNELS
from mcunet_tf.tinyengine.ops import MADE_BY_PASSES, SPECS
from mcunet_tf.tinyengine.supported_ops import FILE_NAME, supported_ops_text


def test_the_file_is_current(repository):
    written = (repository / FILE_NAME).read_text(encoding="utf-8")
    assert written == supported_ops_text(), "run: python -m mcunet_tf.tinyengine.supported_ops"


def test_every_operator_and_kernel_is_named():
    text = supported_ops_text()
    for kind in SPECS:
        assert (f"\n## {kind}\n" in text) == (kind not in MADE_BY_PASSES)
    for rows in KERNELS.values():
        for kernel in rows:
            assert f"`{kernel.name}`" in text


def test_every_constraint_is_a_sentence():
    for spec in SPECS.values():
        for constraint in spec.constraints:
            assert constraint.__name__.startswith("constraint_")
            sentence = (constraint.__doc__ or "").splitlines()[0]
            assert sentence[:1].isupper() and sentence.endswith("."), constraint.__name__
