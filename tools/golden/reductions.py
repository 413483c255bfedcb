# SPDX-License-Identifier: Apache-2.0
"""reductions.json: trainings with each reduction, and with losses that leave rows out or join them."""

from golden.models import layer
from golden.sample_weights import masked
from golden.streams import header, write_json
from golden.training import (
    ADAM,
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


def cases():
    regression = [recurrent("SimpleRNN", 4), dense(2)]
    for reduction in ("sum", "none", "mean_with_sample_weight"):
        yield training(f"reduction_{reduction}", regression, (11, 5, 2),
                       thing(MSE, reduction=reduction), ADAM, 4, values(11, 2), sample_weight=[11])
        yield training(f"masked_reduction_{reduction}", masked(dense(2)), (11, 5),
                       thing(MSE, reduction=reduction), ADAM, 4, values(11, 5, 2), words=5)
    yield training("ignored_class", masked(dense(4, activation="softmax")), (11, 5),
                   thing(SPARSE, ignore_class=2), ADAM, 4, classes(4, 11, 5), words=5,
                   sample_weight=[11, 5])
    yield training("dice", [recurrent("GRU", 4), dense(3, activation="sigmoid")], (11, 5, 2),
                   thing("Dice"), ADAM, 4, binary(11, 3), sample_weight=[11])
    yield training("tversky_rows", masked(dense(3, activation="sigmoid")), (11, 5),
                   thing("Tversky", alpha=0.25, beta=0.5, axis=-1), ADAM, 4, binary(11, 5, 3),
                   words=5)
    yield training("circle", [recurrent("GRU", 4), dense(3), layer("UnitNormalization")],
                   (12, 5, 2), thing("Circle", gamma=4.0, margin=0.25), ADAM, 6, classes(2, 12))


def make_reductions(folder):
    made = [training_case(seed, case) for seed, case in enumerate(cases(), start=2501)]
    write_json(folder / "reductions.json", header(), made)
