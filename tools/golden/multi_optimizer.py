# SPDX-License-Identifier: Apache-2.0
"""keras/multi_optimizer.*: a file with an optimizer for each part of the model; and one whose
variables Keras shared out by other paths than a loaded model has."""

import keras

from golden.keras_files import file_case
from golden.models import fill, precision
from golden.streams import stream
from golden.training import values


def graph(input_shape):
    x = keras.Input(input_shape[1:])
    both = keras.layers.RNN([keras.layers.GRUCell(2), keras.layers.SimpleRNNCell(3)], name="rnn")(x)
    first = keras.layers.Dense(3, activation="tanh", name="first")(both)
    return keras.Model(x, keras.layers.Dense(1, name="last")(first))


def multi_optimizer():
    """One optimizer under two keys, two of a class, one of no variable, one with a schedule."""
    optimizers = keras.optimizers
    schedule = optimizers.schedules.ExponentialDecay(0.1, 2, 0.9)
    twice = optimizers.SGD(schedule, momentum=0.9, global_clipnorm=0.05)
    return optimizers.MultiOptimizer(optimizers.OptimizerMap(optimizers.Nadam(0.01), {
        ".*gru_cell/.*kernel": twice,
        "first/kernel": optimizers.RMSprop(0.02, clipnorm=0.01, centered=True),
        "first/.*": twice,
        "nothing": optimizers.Adagrad(0.3),
        "last/bias|last/kernel": optimizers.Adam(0.02, use_ema=True, ema_momentum=0.8,
                                                 gradient_accumulation_steps=2),
        ".*simple_rnn_cell/recurrent_kernel": optimizers.Adam(0.005, amsgrad=True),
    }))


def make_multi_optimizer(folder):
    file_case(folder / "keras", 3001, {
        "name": "multi_optimizer", "input_shape": (6, 5, 2), "y": values(6, 1),
        "loss": "mean_squared_error", "graph": graph, "optimizer": multi_optimizer})
    with precision("float32"):
        model = keras.Sequential([keras.Input((5, 2)), keras.layers.LSTM(2, name="lstm"),
                                  keras.layers.Dense(1, name="last")])
        optimizers = keras.optimizers
        model.compile(optimizers.MultiOptimizer(optimizers.OptimizerMap(
            optimizers.SGD(), {"lstm/.*": optimizers.Adam()})), "mse")
        fill(model, 3002)
        model.train_on_batch(stream(3002000, (4, 5, 2)), stream(3002001, (4, 1)))
        model.save(folder / "keras" / "multi_optimizer_anew.keras")
