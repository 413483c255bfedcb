# SPDX-License-Identifier: Apache-2.0
"""PyTorch's side of the timings: make(work, cell) gives a function that does the work once."""
import torch

from cases import BATCH, ROWS, STEPS

NAME = "PyTorch"
VERSION = torch.__version__
KINDS = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}


def set_threads(count):
    torch.set_num_threads(count)


class Stock(torch.nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.first = KINDS[cell](1, 80, batch_first=True)
        self.second = KINDS[cell](80, 100, batch_first=True)
        self.dropout = torch.nn.Dropout(0.2)
        self.dense = torch.nn.Linear(100, 1)

    def forward(self, x):
        h, _ = self.first(x)
        h, _ = self.second(self.dropout(h))
        return self.dense(self.dropout(h[:, -1]))

    def step(self, x, states):
        h, first = self.first(x, states[0])
        h, second = self.second(h, states[1])
        return self.dense(h[:, -1]), (first, second)


class Single(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = torch.nn.RNN(1, 6, batch_first=True)
        self.dense = torch.nn.Linear(6, 1)

    def forward(self, x):
        h, _ = self.rnn(x)
        return self.dense(h[:, -1])


def epoch(model, optimizer, x, y, batch):
    loss_of = torch.nn.MSELoss()
    model.train()

    def run():
        order = torch.randperm(len(x))
        for first in range(0, len(x), batch):
            rows = order[first:first + batch]
            optimizer.zero_grad(set_to_none=True)
            loss_of(model(x[rows]), y[rows]).backward()
            optimizer.step()
    return run


def stepping(call, states, width):
    x = torch.rand(1, 1, width)
    kept = [states]

    def run():
        with torch.inference_mode():
            _, kept[0] = call(x, kept[0])
    return run


def zero_states(cell, units):
    h = torch.zeros(1, 1, units)
    return (h, h.clone()) if cell == "lstm" else h


class Letters(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = torch.nn.RNN(5, 3, batch_first=True)
        self.dense = torch.nn.Linear(3, 5)

    def forward(self, x):
        h, _ = self.rnn(x)
        return self.dense(h[:, -1])


def letters():
    model = Letters()
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    x, y = torch.eye(5).reshape(5, 1, 5), torch.tensor([1, 2, 3, 4, 0])
    for _ in range(100):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()


def make(work, cell):
    if work == "letters":
        return letters
    if work == "single_row":
        model = Single()
        x, y = torch.rand(1, 3, 1), torch.rand(1, 1)
        return epoch(model, torch.optim.RMSprop(model.parameters(), 0.001), x, y, 1)
    if work.startswith("step-") and work != "step-stock":
        units = int(work[5:])
        return stepping(KINDS[cell](units, units, batch_first=True), zero_states(cell, units), units)
    model = Stock(cell)
    if work == "step-stock":
        model.eval()
        return stepping(model.step, (zero_states(cell, 80), zero_states(cell, 100)), 1)
    x, y = torch.rand(ROWS, STEPS, 1), torch.rand(ROWS, 1)
    if work == "epoch":
        return epoch(model, torch.optim.Adam(model.parameters(), 0.001), x, y, BATCH)
    model.eval()
    rows = x[:1] if work == "window" else x

    def predict():
        with torch.inference_mode():
            for first in range(0, len(rows), 256):
                model(rows[first:first + 256])
    return predict

