# SPDX-License-Identifier: Apache-2.0
"""Prints the passes in their order: `python -m mcunet_tf.tinyengine.passes`."""

from mcunet_tf.tinyengine.passes import PASSES

for step in PASSES:
    first = (step.run.__doc__ or "").strip().splitlines()[0]
    removed = f" Removes {', '.join(step.removes)}." if step.removes else ""
    print(f"{step.name:22} {first}{removed}")
