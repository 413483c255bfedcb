# SPDX-License-Identifier: Apache-2.0
"""activities.json: trainings of models with penalties on what layers give."""

from golden.models import layer
from golden.streams import header, write_json
from golden.training import (
    ADAM,
    BINARY,
    MSE,
    SPARSE,
    binary,
    classes,
    dense,
    recurrent,
    thing,
    training,
    training_case,
    values,
)

L1 = thing("L1", l1=0.02)
L2 = thing("L2", l2=0.05)
BOTH = thing("L1L2", l1=0.03, l2=0.04)


def activity_cases():
    yield training("activity_dense", [dense(7, activation="tanh", activity_regularizer=L2),
                                      dense(2, activity_regularizer=L1)],
                   (43, 3), thing(MSE), ADAM, 37, values(43, 2), validation=5, metrics=["mae"])
    yield training("activity_softmax", [dense(5, activation="relu", activity_regularizer=L1),
                                        dense(4, activation="softmax", activity_regularizer=BOTH)],
                   (43, 3), thing(SPARSE), ADAM, 37, classes(4, 43))
    yield training("activity_sigmoid", [dense(3, activation="sigmoid", activity_regularizer=BOTH)],
                   (23, 3), thing(BINARY), ADAM, 20, binary(23, 3))
    yield training("activity_masked", [
        layer("Embedding", input_dim=5, output_dim=3, mask_zero=True, activity_regularizer=BOTH),
        recurrent("LSTM", 4, return_sequences=True, activity_regularizer=L2),
        dense(3, activation="softmax")],
        (41, 6), thing(SPARSE), ADAM, 37, classes(3, 41, 6), words=5, validation=4)
    yield training("activity_conv", [
        layer("Conv1D", filters=3, kernel_size=2, activity_regularizer=L1),
        layer("ActivityRegularization", l1=0.01, l2=0.03), recurrent("GRU", 3,
                                                                     activity_regularizer=BOTH),
        layer("Identity"), dense(1)], (21, 6, 2), thing(MSE), ADAM, 20, values(21, 1))
    yield training("activity_conv2d", [
        layer("Conv2D", filters=2, kernel_size=2, activity_regularizer=L2), layer("Flatten"),
        dense(1)], (6, 4, 3, 2), thing(MSE), ADAM, 4, values(6, 1))
    yield training("activity_bidirectional", [
        layer("Bidirectional", layer=recurrent("LSTM", 3, return_sequences=True,
                                               activity_regularizer=BOTH), merge_mode="mul"),
        layer("TimeDistributed", layer=dense(2, activity_regularizer=L1)),
        recurrent("SimpleRNN", 2)], (21, 4, 2), thing(MSE), ADAM, 20, values(21, 2))
    yield training("activity_conv_lstm", [
        layer("ConvLSTM1D", filters=2, kernel_size=2, return_sequences=True,
              activity_regularizer=L2),
        layer("Flatten"), dense(1)],
        (6, 3, 5, 2), thing(MSE), ADAM, 4, values(6, 1))


def make_activities(folder):
    cases = [training_case(seed, case) for seed, case in enumerate(activity_cases(), start=5201)]
    write_json(folder / "activities.json", header(), cases)
