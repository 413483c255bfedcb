# SPDX-License-Identifier: Apache-2.0
"""keras/masks_*.keras: models whose recurrent layers give no mask, as from Keras 3.16 on. There these
layers have supports_masking = False, which is all that it takes in Keras 3.15 too."""

import keras

from golden.custom_objects import write_model
from golden.models import fill, precision
from golden.streams import integers, stream


def no_mask(layer):
    layer.supports_masking = False
    return layer


def layers():
    lstm = keras.layers.LSTM(3, return_sequences=True)
    both = keras.layers.Bidirectional(keras.layers.GRU(2, return_sequences=True))
    steps = keras.layers.TimeDistributed(keras.layers.Dense(3))
    last = keras.layers.SimpleRNN(2, return_sequences=True)
    yield keras.layers.Embedding(7, 3, mask_zero=True)
    yield from map(no_mask, (lstm, both, steps, last))
    yield keras.layers.Dense(1)


def sequential():
    return keras.Sequential([keras.Input((5,)), *layers()])


def graph():
    x = inputs = keras.Input((5,))
    for layer in layers():
        x = layer(x)
    return keras.Model(inputs, x)


def make_mask_propagation(folder):
    x = integers(2401000, (6, 5), 7).astype("float32")
    x[::2, 3:] = 0
    y = stream(2401001, (6, 5, 1))
    for make in (sequential, graph):
        with precision("float32"):
            keras.backend.clear_session()
            model = make()
            model.compile(keras.optimizers.SGD(0.05), "mse", metrics=["mae"])
            fill(model, 2401)
            write_model(folder / "keras" / f"masks_stop_{make.__name__}.keras", model, x, y)
