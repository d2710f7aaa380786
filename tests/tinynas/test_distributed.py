# SPDX-License-Identifier: Apache-2.0
"""Two processes on this machine train one supernet to the same weights, and evaluate its parts."""

import concurrent.futures
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.tinynas.tiny import SPACES, images

ROOT = Path(__file__).resolve().parents[2]

WORKER = """
import sys
import keras, numpy as np, tensorflow as tf
strategy = tf.distribute.MultiWorkerMirroredStrategy()
from pathlib import Path
from mcunet_tf.tinynas.reading import read_images
from mcunet_tf.tinynas.final import make_network
from mcunet_tf.tinynas.recipe import Recipe
from mcunet_tf.tinynas.train import Trainer, elastic_phases
from tests.tinynas.tiny import SPACES, images
space = SPACES[0]
network = make_network(space.arch(space.largest()), 3, 0, strategy, space.optional_blocks())
recipe = Recipe(batch_size=64, augmentation="none")
trainer = Trainer(network, recipe, name="net", seed=0, strategy=strategy, folder=Path(sys.argv[1]))
history = trainer.run(elastic_phases(space, 2), read_images(images(), images()))
total = sum(float(np.abs(v.numpy()).sum()) for v in network.variables)
print("RESULT", strategy.num_replicas_in_sync, trainer.writes, f"{total:.4f}", history[-1]["loss"])
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.mark.slow
def test_two_workers_agree(tmp_path):
    pytest.importorskip("tensorflow")
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    processes = []
    for index in range(2):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        environment = {**os.environ, "TF_CONFIG": json.dumps(task), "PYTHONPATH": str(ROOT)}
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", WORKER, str(tmp_path)],
                env=environment,
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    outputs = [process.communicate(timeout=500) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs[0][1][-3000:]
    results = [
        next(line.split() for line in out.splitlines() if line.startswith("RESULT"))
        for out, _ in outputs
    ]
    assert results[0][1] == results[1][1] == "2"
    assert [result[2] for result in results] == ["True", "False"]
    assert results[0][3:] == results[1][3:]
    assert list(tmp_path.glob("net-*.ckpt"))


class KillsAWorker(concurrent.futures.Executor):
    """Hands everything on, and kills a worker as soon as all tasks are given out."""

    def __init__(self, executor, count, pid):
        self.executor = executor
        self.left = count
        self.pid = pid

    def submit(self, function, /, *arguments, **named):
        future = self.executor.submit(function, *arguments, **named)
        self.left -= 1
        if self.left == 0:
            os.kill(self.pid, signal.SIGKILL)
        return future


@pytest.mark.slow
def test_no_candidate_is_lost_when_a_dask_worker_is_killed(tmp_path):
    pytest.importorskip("tensorflow")
    distributed = pytest.importorskip("distributed")
    from mcunet_tf.tinynas.candidates import Candidates, evaluation_data
    from mcunet_tf.tinynas.final import make_network
    from mcunet_tf.tinynas.reading import read_images

    space = SPACES[0]
    network = make_network(space.arch(space.largest()), 3, 0, None, space.optional_blocks())
    data = evaluation_data(read_images(images(), images()), 60, 100)
    rng = np.random.default_rng(0)
    choices = list(dict.fromkeys(space.sample(rng) for _ in range(12)))
    here = Candidates(network, space, data, folder=tmp_path / "here")
    expected = here.scores(choices, "here")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        pid = next(iter(cluster.workers.values())).process.pid
        executor = KillsAWorker(client.get_executor(), len(choices), pid)
        there = Candidates(network, space, data, folder=tmp_path / "there", executor=executor)
        assert there.scores(choices, "there") == expected
    assert executor.left <= 0
