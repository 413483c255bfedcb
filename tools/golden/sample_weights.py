# SPDX-License-Identifier: Apache-2.0
"""sample_weights.json: trainings by sample_weight and class_weight, with masks and metrics."""

from golden.models import layer
from golden.streams import header, write_json
from golden.training import (
    ADAM,
    BINARY,
    CATEGORICAL,
    MSE,
    SPARSE,
    binary,
    classes,
    dense,
    one_hot,
    recurrent,
    thing,
    training,
    training_case,
    values,
)

ERRORS = ["mse", "mae", "root_mean_squared_error"]
COUNTS = ["accuracy", "precision", "recall", "auc", "true_positives", "false_negatives"]


def masked(*head):
    """Words, 0 of which stands for no step, through a layer of states."""
    return [layer("Embedding", input_dim=5, output_dim=3, mask_zero=True),
            recurrent("GRU", 4, return_sequences=True), *head]


def cases():
    regression = [recurrent("LSTM", 4), dense(2)]
    yield training("weights_of_samples", regression, (11, 5, 2), thing(MSE), ADAM, 4,
                   values(11, 2), validation=7, sample_weight=[11], metrics=ERRORS,
                   weighted_metrics=[*ERRORS, "mse", "cosine_similarity", "r2_score"])
    yield training("weights_in_a_column", regression, (11, 5, 2), thing("Huber", delta=0.25), ADAM,
                   4, values(11, 2), sample_weight=[11, 1], weighted_metrics=["mae"])
    sequence = [recurrent("SimpleRNN", 4, return_sequences=True), dense(2)]
    for name, shape in (("samples", [11, 1]), ("steps", [11, 5]), ("steps_in_a_column", [11, 5, 1])):
        yield training(f"sequence_weights_of_{name}", sequence, (11, 5, 2), thing(MSE), ADAM, 4,
                       values(11, 5, 2), validation=7, sample_weight=shape, metrics=ERRORS,
                       weighted_metrics=ERRORS)
        yield training(f"masked_weights_of_{name}", masked(dense(2)), (11, 5), thing(MSE), ADAM, 4,
                       values(11, 5, 2), words=5, validation=7, sample_weight=shape,
                       metrics=ERRORS, weighted_metrics=ERRORS)
    yield training("masked_counts", masked(dense(1, activation="sigmoid")), (11, 5), thing(BINARY),
                   ADAM, 4, binary(11, 5, 1), words=5, metrics=COUNTS,
                   weighted_metrics=["accuracy", "binary_crossentropy"])
    yield training("counts_of_samples", [recurrent("GRU", 4), dense(3, activation="sigmoid")],
                   (11, 5, 2), thing(BINARY), ADAM, 4, binary(11, 3), sample_weight=[11],
                   metrics=COUNTS, weighted_metrics=COUNTS)
    softmax = [recurrent("GRU", 4), dense(3, activation="softmax")]
    weights = {"0": 0.5, "2": 3.0}
    yield training("class_weight_of_numbers", softmax, (11, 5, 2), thing(SPARSE), ADAM, 4,
                   classes(3, 11, 1), validation=7, class_weight=weights, metrics=["accuracy"],
                   weighted_metrics=["accuracy", "sparse_categorical_crossentropy"])
    yield training("class_weight_of_rows", softmax, (11, 5, 2), thing(CATEGORICAL), ADAM, 4,
                   one_hot(3, 11), class_weight=weights, weighted_metrics=["accuracy"])


def make_sample_weights(folder):
    made = [training_case(seed, case) for seed, case in enumerate(cases(), start=2401)]
    write_json(folder / "sample_weights.json", header(), made)
