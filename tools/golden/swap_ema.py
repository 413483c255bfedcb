# SPDX-License-Identifier: Apache-2.0
"""swap_ema.json: histories and weights of trainings with SwapEMAWeights."""

import keras

from golden.models import fill, precision
from golden.streams import header, numbers, stream, write_json


def train(swap_on_epoch):
    keras.backend.clear_session()
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"),
                              keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), "mse")
    fill(model, 2801)
    x, y = stream(2801000, (12, 3)), stream(2801001, (12, 1))
    seen = []
    look = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(numbers(model.weights[0])))
    history = model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0,
                        validation_data=(x[:5], y[:5]),
                        callbacks=[keras.callbacks.SwapEMAWeights(swap_on_epoch), look])
    return {"swap_on_epoch": swap_on_epoch, "seen": seen,
            "history": {key: numbers(values) for key, values in history.history.items()},
            "weights": [numbers(w) for w in model.weights]}


def make_swap_ema(folder):
    with precision("float32"):
        write_json(folder / "swap_ema.json", header(), [train(False), train(True)])
