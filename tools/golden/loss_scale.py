# SPDX-License-Identifier: Apache-2.0
"""loss_scale.json: trainings with LossScaleOptimizer, some with batches that overflow."""

import keras

from golden.models import fill, precision
from golden.streams import header, number, numbers, stream, write_json


def train(name, inner, scale, growth, bad=(), batch_norm=False):
    """Batches named in `bad` have one target so large that gradients, or they times the scale,
    overflow."""
    keras.backend.clear_session()
    layers = [keras.Input((3,)), keras.layers.Dense(4, activation="tanh", name="first")]
    if batch_norm:
        layers.append(keras.layers.BatchNormalization(name="norm"))
    model = keras.Sequential([*layers, keras.layers.Dense(1, name="last")])
    made = getattr(keras.optimizers, inner["class_name"])(**inner["config"])
    optimizer = keras.optimizers.LossScaleOptimizer(made, initial_scale=scale,
                                                    dynamic_growth_steps=growth)
    model.compile(optimizer, "mse")
    fill(model, 2901)
    weights = [{"shape": list(w.shape), "values": numbers(w)} for w in model.weights]
    x, y = stream(2901000, (24, 3)), stream(2901001, (24, 1))
    steps = []
    for batch in range(6):
        rows = slice(4 * batch, 4 * batch + 4)
        targets = y[rows].copy()
        if str(batch) in dict(bad):
            targets[1] = dict(bad)[str(batch)]
        model.train_on_batch(x[rows], targets)
        steps.append({"scale": number(optimizer.dynamic_scale),
                      "good_steps": int(optimizer.step_counter),
                      "iterations": int(optimizer.iterations),
                      "weights": [numbers(w) for w in model.weights]})
    return {"name": name, "inner": inner, "initial_scale": scale, "dynamic_growth_steps": growth,
            "bad": dict(bad), "batch_norm": batch_norm,
            "weights": weights, "steps": steps}


def thing(class_name, **config):
    return {"class_name": class_name, "config": config}


def make_loss_scale(folder):
    adam = thing("Adam", learning_rate=0.01)
    clipped = thing("SGD", learning_rate=0.1, momentum=0.5, clipnorm=0.3)
    averaged = thing("Adam", learning_rate=0.01, use_ema=True, ema_momentum=0.5,
                     gradient_accumulation_steps=2)
    with precision("float32"):
        write_json(folder / "loss_scale.json", header(), [
            train("good", adam, 8.0, 3),
            train("scaled_overflow", adam, 2.0 ** 100, 2, {"1": 3e9, "4": 3e9}.items()),
            train("far_overflow", clipped, 2.0 ** 15, 2000, {"2": 3e37}.items(), batch_norm=True),
            train("averaged", averaged, 2.0 ** 90, 2, {"3": 1e13}.items()),
        ])
