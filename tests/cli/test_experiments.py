# SPDX-License-Identifier: Apache-2.0
"""The runs behind RESULTS.md take their times from the trainings' own logs."""

import pytest

from mcunet_tf.cli.experiments import training_minutes
from mcunet_tf.errors import OutputError


def test_minutes_come_from_the_epochs(tmp_path):
    for name, seconds in {"final": (30, 60, 6.5), "supernet": (600.25,)}.items():
        folder = tmp_path / "logs" / name
        folder.mkdir(parents=True)
        lines = [f"{n + 1},largest,0.5,{s}\n" for n, s in enumerate(seconds)]
        (folder / "epochs.csv").write_text("epoch,phase,loss,seconds\n" + "".join(lines))
    assert training_minutes(tmp_path) == {"final": 1.6, "supernet": 10.0}
    (tmp_path / "logs" / "empty").mkdir()
    with pytest.raises(OutputError, match="empty"):
        training_minutes(tmp_path)
