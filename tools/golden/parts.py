# SPDX-License-Identifier: Apache-2.0
"""training_parts.json: one step and three epochs of fit for optimizers beyond the first ones."""

import itertools

from golden.streams import header, write_json
from golden.training import MSE, dense, recurrent, thing, training, training_case, values

MORE_OPTIMIZERS = {
    "nadam": thing("Nadam", learning_rate=0.01),
    "nadam_all": thing("Nadam", learning_rate=0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-4,
                       weight_decay=0.1, global_clipnorm=0.5),
}


def part_cases():
    cells = itertools.cycle(("LSTM", "GRU", "SimpleRNN"))
    for name, optimizer in MORE_OPTIMIZERS.items():
        yield training(name, [recurrent(next(cells), 5), dense(1)], (11, 6, 2), thing(MSE),
                       optimizer, 4, values(11, 1))


def make_training_parts(folder):
    cases = [training_case(seed, case) for seed, case in enumerate(part_cases(), start=2001)]
    write_json(folder / "training_parts.json", header(), cases)
