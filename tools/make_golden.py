# SPDX-License-Identifier: Apache-2.0
"""Makes the golden data of tests/golden with real Keras (TensorFlow backend).

Usage: python tools/make_golden.py [--output tests/golden] [--only layers training ...]

Numbers that a test can make itself are not stored. Weights and inputs come from a stream:

    state = seed;  each draw: state += 0x9E3779B97F4A7C15, z = state,
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9,  z = (z ^ (z >> 27)) * 0x94D049BB133111EB,
    z = z ^ (z >> 31)                                              (splitmix64, modulo 2^64)
    k = z >> 40;  value = float32(k / 2^24 * 2 - 1) * float32(scale)  in [-1, 1) times scale
    an integer below n (word or class ids) is k % n

Every tensor of a case has its own stream, filled in row-major order, with
seed = case_seed * 1000 + index: x 0, y 1, weights 2, 3, ... in the order of model.weights;
r (the loss of a layer case is sum(output * r)) 900; x and y for validation 800 and 801; sample
weights, the sizes of such values, 802 and for validation 803.

A tensor is stored as {"shape", "values"} up to 256 values, longer ones as {"shape", "first"
(64 values), "sum", "l2", "dot", "dot_seed"}: dot is the product with the stream of seed dot_seed
(scale 1); sum, l2 and dot are accumulated in float64. "error" is the largest absolute difference
and "error_l2" the L2 norm of the difference between Keras in float32 (stored) and the same case in
float64: the rounding noise that a comparison has to allow, whatever the order of sums.

Targets of training cases, from the stream of y: "values" as they are, "classes" ids below
"classes", "one_hot" the rows of such ids, "binary" ids below 2 as float32. "words" means that x
holds ids below it. "validation" is the number of validation rows. "loss_value" and "gradients" are
those of the first batch before any update; then fit runs from the same weights.

Gradients of an Embedding are summed over the occurrences of a word before the optimizer sees them,
as on Keras's other backends (see golden/models.py), but for the case that says "tensorflow_slices".

The .keras files of tests/golden/keras differ in bytes from run to run (dates, Python ids); their
meaning does not.
"""

import argparse
import os
import pathlib

for name, value in (("KERAS_BACKEND", "tensorflow"), ("TF_CPP_MIN_LOG_LEVEL", "3")):
    os.environ.setdefault(name, value)

from golden.activities import make_activities
from golden.callbacks import make_callbacks
from golden.cudnn import make_cudnn
from golden.datasets import make_datasets
from golden.ctc import make_ctc
from golden.custom_objects import make_custom_objects
from golden.graphs import make_graphs
from golden.keras_files import make_keras, make_release
from golden.layers import make_layers
from golden.mask_propagation import make_mask_propagation
from golden.metrics import make_metric_files, make_metrics
from golden.one_input_layers import make_one_input_layers
from golden.more_layers import make_more_layers
from golden.nested import make_nested
from golden.parts import (
    make_activations,
    make_rules,
    make_schedules,
    make_training_parts,
)
from golden.einsum_dense import make_einsum_dense
from golden.hashing import make_hashing
from golden.rnn_cells import make_rnn_cells
from golden.loss_scale import make_loss_scale
from golden.multi_optimizer import make_multi_optimizer
from golden.small import make_initializers, make_losses_metrics, make_optimizers
from golden.stateful import make_stateful
from golden.texts import make_texts
from golden.swap_ema import make_swap_ema
from golden.training import make_training
from golden.reductions import make_reductions
from golden.sample_weights import make_sample_weights
from golden.windows import make_windows
from golden.wrappers import make_wrappers

def make_torch_layers(folder):
    from golden.torch_layers import make_torch_layers as make  # only this one needs PyTorch

    make(folder)


MAKERS = {
    "layers": make_layers,
    "wrappers": make_wrappers,
    "one_input_layers": make_one_input_layers,
    "windows": make_windows,
    "more_layers": make_more_layers,
    "einsum_dense": make_einsum_dense,
    "hashing": make_hashing,
    "training": make_training,
    "training_parts": make_training_parts,
    "activities": make_activities,
    "sample_weights": make_sample_weights,
    "reductions": make_reductions,
    "losses_metrics": make_losses_metrics,
    "optimizers": make_optimizers,
    "schedules": make_schedules,
    "activations": make_activations,
    "rules": make_rules,
    "initializers": make_initializers,
    "keras": make_keras,
    "release": make_release,
    "cudnn": make_cudnn,
    "datasets": make_datasets,
    "texts": make_texts,
    "graphs": make_graphs,
    "stateful": make_stateful,
    "nested": make_nested,
    "rnn_cells": make_rnn_cells,
    "callbacks": make_callbacks,
    "custom_objects": make_custom_objects,
    "ctc": make_ctc,
    "swap_ema": make_swap_ema,
    "loss_scale": make_loss_scale,
    "multi_optimizer": make_multi_optimizer,
    "mask_propagation": make_mask_propagation,
    "metrics": make_metrics,
    "metric_files": make_metric_files,
    "torch_layers": make_torch_layers,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--output", type=pathlib.Path, default=root / "tests" / "golden")
    parser.add_argument("--only", nargs="+", choices=MAKERS, default=list(MAKERS))
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name in arguments.only:
        MAKERS[name](arguments.output)


if __name__ == "__main__":
    main()
