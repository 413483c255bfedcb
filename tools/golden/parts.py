# SPDX-License-Identifier: Apache-2.0
"""training_parts.json, schedules.json, activations.json: parts beyond the first ones."""

import itertools

import keras
import tensorflow as tf

from golden.streams import header, number, numbers, write_json
from golden.training import MSE, dense, recurrent, thing, training, training_case, values

MORE_OPTIMIZERS = {
    "nadam": thing("Nadam", learning_rate=0.01),
    "nadam_all": thing("Nadam", learning_rate=0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-4,
                       weight_decay=0.1, global_clipnorm=0.5),
    "adamax": thing("Adamax", learning_rate=0.01),
    "adamax_all": thing("Adamax", learning_rate=0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-4,
                        weight_decay=0.1, clipnorm=0.5),
    "adadelta": thing("Adadelta", learning_rate=1.0),
    "adadelta_all": thing("Adadelta", learning_rate=0.5, rho=0.8, epsilon=1e-4, weight_decay=0.1),
    "ftrl": thing("Ftrl", learning_rate=0.05),
    "ftrl_all": thing("Ftrl", learning_rate=0.1, learning_rate_power=-0.6,
                      initial_accumulator_value=0.2, l1_regularization_strength=0.01,
                      l2_regularization_strength=0.02, l2_shrinkage_regularization_strength=0.03,
                      beta=0.1, weight_decay=0.1),
    "lion": thing("Lion", learning_rate=0.01),
    "lion_all": thing("Lion", learning_rate=0.01, beta_1=0.8, beta_2=0.9, weight_decay=0.1),
    "lamb": thing("Lamb", learning_rate=0.01),
    "lamb_all": thing("Lamb", learning_rate=0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-4,
                      weight_decay=0.1),
    "adafactor": thing("Adafactor", learning_rate=0.05),
    "adafactor_all": thing("Adafactor", learning_rate=0.6, beta_2_decay=-0.6, epsilon_1=1e-6,
                           epsilon_2=0.01, clip_threshold=0.5, relative_step=False,
                           weight_decay=0.1),
    "muon": thing("Muon", learning_rate=0.01),
    "muon_all": thing("Muon", learning_rate=0.02, adam_beta_1=0.8, adam_beta_2=0.95,
                      adam_weight_decay=0.2, epsilon=1e-4, weight_decay=0.1, muon_a=3.0,
                      muon_b=-4.0, muon_c=2.0, adam_lr_ratio=0.5, momentum=0.8, ns_steps=3,
                      nesterov=False, rms_rate=None),
    "schedule_free_adamw": thing("ScheduleFreeAdamW", learning_rate=0.01),
    "schedule_free_adamw_all": thing("ScheduleFreeAdamW", learning_rate=0.02, beta_1=0.8,
                                     beta_2=0.95, epsilon=1e-4, warmup_steps=4, weight_decay=0.1),
}

COSINE = thing("CosineDecay", initial_learning_rate=0.01, decay_steps=7, alpha=0.1,
               warmup_target=0.03, warmup_steps=2)
ENGINE_OPTIONS = {
    "adam_ema": thing("Adam", learning_rate=0.01, use_ema=True, ema_momentum=0.8),
    "sgd_ema_overwrite": thing("SGD", learning_rate=0.1, momentum=0.5, use_ema=True,
                               ema_momentum=0.7, ema_overwrite_frequency=2),
    "adam_accumulate": thing("Adam", learning_rate=0.01, gradient_accumulation_steps=2,
                             clipnorm=0.05, weight_decay=0.1),
    "nadam_accumulate": thing("Nadam", learning_rate=0.01, gradient_accumulation_steps=4),
    "lamb_accumulate_ema": thing("Lamb", learning_rate=0.01, gradient_accumulation_steps=2,
                                 use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=2),
    "adam_cosine": thing("Adam", learning_rate=COSINE),
    "sgd_accumulate_cosine": thing("SGD", learning_rate=COSINE, weight_decay=0.1,
                                   gradient_accumulation_steps=2),
}

SCHEDULES = [
    thing("ExponentialDecay", initial_learning_rate=0.1, decay_steps=10, decay_rate=0.5),
    thing("ExponentialDecay", initial_learning_rate=0.1, decay_steps=10, decay_rate=0.5,
          staircase=True),
    thing("PiecewiseConstantDecay", boundaries=[3, 30], values=[0.3, 0.2, 0.1]),
    thing("PolynomialDecay", initial_learning_rate=0.1, decay_steps=10),
    thing("PolynomialDecay", initial_learning_rate=0.1, decay_steps=10, end_learning_rate=0.01,
          power=2.0, cycle=True),
    thing("InverseTimeDecay", initial_learning_rate=0.1, decay_steps=10, decay_rate=0.5),
    thing("InverseTimeDecay", initial_learning_rate=0.1, decay_steps=10, decay_rate=0.5,
          staircase=True),
    thing("CosineDecay", initial_learning_rate=0.1, decay_steps=30, alpha=0.2),
    thing("CosineDecay", initial_learning_rate=0.0, decay_steps=30, warmup_target=0.1,
          warmup_steps=9),
    thing("CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=10),
    thing("CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=7, t_mul=1.0,
          m_mul=0.5, alpha=0.1),
    thing("CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=5, t_mul=1.5,
          m_mul=0.8),
]


def make_schedules(folder):
    steps = [0, 1, 3, 4, 5, 9, 10, 11, 20, 29, 30, 31, 40, 70, 71, 150, 310, 630]
    cases = []
    for schedule in SCHEDULES:
        made = getattr(keras.optimizers.schedules, schedule["class_name"])(**schedule["config"])
        cases.append({"schedule": schedule, "steps": steps,
                      "rates": [number(made(step)) for step in steps]})
    write_json(folder / "schedules.json", header(), cases)


def kind(class_name, **config):
    return {"class_name": class_name, "config": config}


# Away from the corners, where a derivative is a matter of taste.
ACTIVATION_X = [[-30.0, -7.0, -3.25, -2.5, -1.25, -0.75], [-0.375, -0.001, 0.001, 0.25, 0.625, 0.875],
                [1.5, 2.75, 3.5, 5.0, 6.5, 30.0], [0.1, 0.3, -0.2, 0.15, 0.05, -0.4]]
ACTIVATION_DY = [[0.5, -1.0, 0.25, 2.0, 1.0, -0.5]] * 4


def make_activations(folder):
    cases = []
    for name in sorted(keras.src.activations.ALL_OBJECTS_DICT):
        # Half as many outputs; numbers without defaults; rows of Keras's that sum to 1.75.
        if name in ("glu", "threshold", "sparsemax"):
            continue
        x = tf.constant(ACTIVATION_X, "float32")
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = keras.activations.get(name)(x)
        dx = tape.gradient(y, x, tf.constant(ACTIVATION_DY, "float32"))
        cases.append({"activation": name, "y": numbers(y), "dx": numbers(dx)})
    head = {**header(), "x": ACTIVATION_X, "dy": ACTIVATION_DY}
    write_json(folder / "activations.json", head, cases)


RULE_W = [[0.5, -1.5, 0.25], [2.0, 0.125, -0.75], [-0.25, 0.0, 1.0], [0.75, 3.0, -0.5]]


def make_rules(folder):
    """Penalties with their gradients, and what constraints make of a matrix."""
    w = tf.constant(RULE_W, "float32")
    cases = []
    for rule in (kind("L1", l1=0.3), kind("L2", l2=0.2), kind("L1L2", l1=0.1, l2=0.4),
                 kind("OrthogonalRegularizer", factor=0.5),
                 kind("OrthogonalRegularizer", factor=0.5, mode="columns")):
        regularizer = getattr(keras.regularizers, rule["class_name"])(**rule["config"])
        with tf.GradientTape() as tape:
            tape.watch(w)
            penalty = regularizer(w)
        cases.append({"regularizer": rule, "penalty": number(penalty),
                      "gradient": numbers(tape.gradient(penalty, w))})
    for rule in (kind("MaxNorm", max_value=1.5), kind("MaxNorm", max_value=1.0, axis=1),
                 kind("NonNeg"), kind("UnitNorm"), kind("UnitNorm", axis=-1),
                 kind("MinMaxNorm", min_value=1.25, max_value=2.0, rate=0.75),
                 kind("MinMaxNorm", min_value=0.5, max_value=1.0, axis=1)):
        constraint = getattr(keras.constraints, rule["class_name"])(**rule["config"])
        cases.append({"constraint": rule, "result": numbers(constraint(w))})
    write_json(folder / "rules.json", {**header(), "w": RULE_W}, cases)


def rule_cases():
    """Regularizers, constraints, and cells of other activations."""
    layers = {
        "regularized": [
            recurrent("LSTM", 4, kernel_regularizer=kind("L2", l2=0.02),
                      recurrent_regularizer=kind("L1", l1=0.01),
                      bias_regularizer=kind("L1L2", l1=0.01, l2=0.03)),
            dense(1, kernel_regularizer=kind("L1L2", l1=0.02, l2=0.01)),
        ],
        "constrained": [
            recurrent("GRU", 4, kernel_constraint=kind("MaxNorm", max_value=0.5),
                      recurrent_constraint=kind("UnitNorm", axis=1),
                      bias_constraint=kind("NonNeg")),
            dense(1, kernel_constraint=kind("MinMaxNorm", min_value=0.2, max_value=0.4, rate=0.5)),
        ],
    }
    optimizers = {
        "regularized": thing("Adam", learning_rate=0.01, clipnorm=0.2),
        "constrained": thing("SGD", learning_rate=0.1, use_ema=True, ema_momentum=0.5),
    }
    for name, stack in layers.items():
        yield training(name, stack, (11, 5, 2), thing(MSE), optimizers[name], 4, values(11, 1),
                       validation=5)
    for name, class_name, of_states, of_gates, of_dense in (
        ("silu_cells", "LSTM", "silu", "hard_silu", "mish"),
        ("gelu_cells", "GRU", "gelu", "hard_sigmoid", "log_softmax"),
        ("softmax_cells", "LSTM", "softmax", "softmax", "selu"),
        ("softmax_gru", "GRU", "softmax", "softmax", "softplus"),
    ):
        cell = recurrent(class_name, 4, activation=of_states, recurrent_activation=of_gates)
        yield training(name, [cell, dense(2, activation=of_dense)], (8, 4, 2), thing(MSE),
                       thing("SGD", learning_rate=0.1), 4, values(8, 2))


def part_cases():
    cells = itertools.cycle(("LSTM", "GRU", "SimpleRNN"))
    for name, optimizer in (MORE_OPTIMIZERS | ENGINE_OPTIONS).items():
        if optimizer["class_name"] == "ScheduleFreeAdamW":
            yield None  # on TensorFlow, fit lets its z begin at 0: the first step loses the weights
            continue
        yield training(name, [recurrent(next(cells), 5), dense(1)], (11, 6, 2), thing(MSE),
                       optimizer, 4, values(11, 1))
    yield from rule_cases()


def make_training_parts(folder):
    cases = [training_case(seed, case) for seed, case in enumerate(part_cases(), start=2001) if case]
    write_json(folder / "training_parts.json", header(), cases)
