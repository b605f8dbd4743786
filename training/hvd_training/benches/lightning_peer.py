# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The small policy trained by PyTorch Lightning as its documentation shows it; prints its speed.

Run by `hvd bench train` in an interpreter that has Lightning; nobody imports it.
"""

import json
import sys
import time

import lightning
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from hvd_training.data.batch import Batch
from hvd_training.policies.small import Shapes, SmallConfig, build


class Chunks(Dataset):
    """Chunks of numbers, cut out when they are asked for."""

    def __init__(self, path, horizon):
        with np.load(path) as file:
            self.seen, self.acts = file['observations'], file['actions']
            ends = np.flatnonzero(file['terminals'])
        self.last = ends[np.searchsorted(ends, np.arange(len(self.acts)))]
        self.horizon = horizon

    def __len__(self):
        return len(self.acts)

    def __getitem__(self, row):
        steps = row + np.arange(self.horizon)
        inside = np.minimum(steps, self.last[row])
        return self.seen[row], self.acts[inside], steps <= self.last[row]


class Taught(lightning.LightningModule):
    """The same network, loss and optimizer."""

    def __init__(self, shapes, learning_rate):
        super().__init__()
        self.policy = build(SmallConfig(head='clean_flow'), shapes)
        self.learning_rate = learning_rate

    def training_step(self, found, number):
        """Return the loss of a batch."""
        state, actions, valid = found
        nothing = torch.zeros(len(state))
        batch = Batch(
            {'state': state}, {'state': state}, actions, valid, actions[..., 0], valid,
            nothing.bool(), nothing.long(), nothing.long(),
        )  # fmt: skip
        errors = self.policy.errors(batch, torch.default_generator)
        return (errors * valid[..., None]).sum() / (valid.sum() * errors.shape[-1])

    def configure_optimizers(self):
        """Return what ours has."""
        return torch.optim.AdamW(
            self.policy.parameters(), lr=self.learning_rate, weight_decay=1e-4, fused=True
        )


class Clock(lightning.Callback):
    """Times the updates behind the first few."""

    def __init__(self, warm):
        self.warm, self.count, self.begun, self.ended = warm, 0, 0.0, 0.0

    def on_train_batch_end(self, *args):
        """Count."""
        self.count += 1
        self.ended = time.perf_counter()
        if self.count == self.warm:
            self.begun = self.ended


def main():
    """Train and print."""
    torch.set_num_threads(1)
    asked = json.loads(sys.argv[1])
    data = Chunks(asked['data'], asked['horizon'])
    shapes = Shapes(asked['horizon'], data.acts.shape[1], data.seen.shape[1])
    warm = max(5, asked['steps'] // 10)
    clock = Clock(warm)
    trainer = lightning.Trainer(
        accelerator='cpu', devices=1, max_steps=asked['steps'], logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        gradient_clip_val=1.0, callbacks=[clock],
    )  # fmt: skip
    loader = DataLoader(
        data, batch_size=asked['batch_size'], shuffle=True, drop_last=True, num_workers=1,
        persistent_workers=True,
    )  # fmt: skip
    trainer.fit(Taught(shapes, asked['learning_rate']), loader)
    rate = (clock.count - warm) / (clock.ended - clock.begun)
    print(json.dumps({'steps_per_s': rate}))


if __name__ == '__main__':
    main()
