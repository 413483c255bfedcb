# SPDX-License-Identifier: Apache-2.0
"""ctc.json: the loss CTC and its gradients; keras/ctc.keras: a model that is trained with it."""

import keras
import numpy as np
import tensorflow as tf

from golden.custom_objects import write_model
from golden.models import fill, precision
from golden.streams import header, numbers, stream, write_json

# Texts with repeated labels, of several lengths, and an empty one.
TEXTS = np.array([[1, 2, 0], [3, 3, 1], [2, 0, 0], [1, 1, 0], [0, 0, 0], [3, 2, 1]], "float32")


def cases():
    for seed, (steps, reduction) in enumerate(
            ((5, "sum_over_batch_size"), (6, "sum"), (9, "sum_over_batch_size")), 2701):
        logits = tf.constant(stream(seed, (6, steps, 4), 3.0))
        loss = keras.losses.CTC(reduction=reduction)
        with tf.GradientTape() as tape:
            tape.watch(logits)
            value = loss(TEXTS, logits)
        yield {"steps": steps, "reduction": reduction, "seed": seed, "y_true": TEXTS.tolist(),
               "value": numbers(value),
               "each": numbers(keras.losses.CTC(reduction=None)(TEXTS, logits)),
               "gradient": numbers(tape.gradient(value, logits))}


def make_ctc(folder):
    write_json(folder / "ctc.json", header(), list(cases()))
    with precision("float32"):
        keras.backend.clear_session()
        model = keras.Sequential([keras.Input((7, 2)), keras.layers.GRU(3, return_sequences=True),
                                  keras.layers.Dense(4)])
        model.compile(keras.optimizers.SGD(0.05, loss_scale_factor=8.0), keras.losses.CTC())
        fill(model, 2711)
        write_model(folder / "keras" / "ctc.keras", model, stream(2711000, (6, 7, 2)), TEXTS)
