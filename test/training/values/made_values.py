# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Values small enough to know the answer: tables, not networks, and batches that are whole MDPs.

A table behind the learner's own step shows what its losses, targets and updates converge to, with
no network in between that could hide or excuse an error.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hvd_training.data.batch import Batch
from hvd_training.groups import Groups, from_lists
from hvd_training.values.config import ValueConfig
from hvd_training.values.learner import ValueLearner
from hvd_training.values.model import ValueModel, ValueSpec

BODY = from_lists({'base': [1], 'torso': [0, 3], 'arm': [2, 4, 5]})


class Seen(nn.Module):
    """An encoder: one linear layer, or the state itself."""

    def __init__(self, inputs: int, width: int | None = None) -> None:
        super().__init__()
        self.layer = nn.Linear(inputs, width) if width else nn.Identity()

    def forward(self, observation: dict[str, Tensor]) -> Tensor:
        out: Tensor = self.layer(observation['state'])
        return out


class TableCritic(nn.Module):
    """Q as one table a head, over the state and the digits of the prefix of the first action."""

    def __init__(
        self, states: int, groups: Groups, config: ValueConfig, outputs: int, levels: int
    ):
        super().__init__()
        self.residual, self.residual_sg = config.decomposition == 'residual', config.residual_sg
        self.levels, self.prefixes, seen = levels, [], []
        for own in groups.indices:
            seen = [*seen, *own]
            self.prefixes.append(list(seen))
        self.tables = nn.ParameterList(
            torch.zeros(config.n_q, states, levels ** len(p), outputs) for p in self.prefixes
        )

    def forward(self, seen: Tensor, actions: Tensor, valid: Tensor) -> Tensor:
        state, said = seen.argmax(dim=1), []
        for prefix, table in zip(self.prefixes, self.tables, strict=True):
            powers = self.levels ** torch.arange(len(prefix))
            column = (actions[:, 0, prefix].long() * powers).sum(dim=1)
            said.append(table[:, state, column])
        return torch.stack(said, dim=2)


class TableV(nn.Module):
    """V as a table."""

    def __init__(self, states: int, outputs: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.zeros(states, outputs))

    def forward(self, seen: Tensor) -> Tensor:
        return seen @ self.table


def table_learner(
    config: ValueConfig,
    groups: Groups,
    states: int,
    levels: int,
    rate: float | None = 1.0,
    support: tuple[float, float] | None = None,
) -> ValueLearner:
    """Return a learner of float64 tables; with plain gradient steps unless rate is None."""
    spec = ValueSpec(groups, Seen(states), states, support)
    model = ValueModel(config, spec)
    heads = model.heads
    model.critic = TableCritic(states, heads, config, config.bins if model.bins else 1, levels)
    model.v_net = TableV(states, model.v_heads * model.v_outputs)
    learner = ValueLearner(config, spec, model=model.double())
    if rate is not None:
        learner.optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    return learner


def equal_rates(learner: ValueLearner, batch: Batch, v_rate: float = 0.8) -> None:
    """
    Make a step of rate 1 draw each entry of Q to its target, and V by a share of its slope.

    The gradient of an entry is divided by how often the batch meets it.
    """
    seen = batch.observation['state']
    critic, v_net = learner.model.critic, learner.model.v_net
    learners = len(critic.tables) * len(critic.tables[0])  # the loss is a mean over them
    for head, table in enumerate(critic.tables):
        count = torch.zeros_like(table[0, :, :, 0])
        rows = seen.argmax(dim=1)
        prefix = critic.prefixes[head]
        digits = batch.actions[:, 0, prefix].long()
        columns = (digits * critic.levels ** torch.arange(len(prefix))).sum(dim=1)
        count.index_put_((rows, columns), torch.ones(len(rows), dtype=count.dtype), True)
        factor = 0.5 * learners * len(rows) / count.clamp(min=1)  # of a square, curvature 2
        table.register_hook(lambda g, f=factor[None, :, :, None]: g * f)
    share = seen.mean(dim=0)[:, None]
    v_net.table.register_hook(lambda g: v_rate * g / share)


@dataclass
class Mdp:
    """States, actions, whole-number frequencies of behaviour and transitions, rewards."""

    often: np.ndarray  # (S, A) times each action was taken
    moves: np.ndarray  # (S, A, S) times each state followed; sums over the last axis are equal
    rewards: np.ndarray  # (S, A)
    ends: np.ndarray  # (S, A) bool

    @property
    def mu(self) -> np.ndarray:
        return self.often / self.often.sum(1, keepdims=True)

    @property
    def p(self) -> np.ndarray:
        return self.moves / self.moves.sum(2, keepdims=True)

    def q_of(self, v: np.ndarray, gamma: float) -> np.ndarray:
        return self.rewards + gamma * np.where(self.ends, 0, self.p @ v)

    def fixed_point(
        self, operator: Callable, gamma: float, iterations: int = 250
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return V and Q where V = operator(Q(s, .), mu(s, .)), found by iteration in NumPy."""
        v = np.zeros(len(self.mu))
        for _ in range(iterations):
            q = self.q_of(v, gamma)
            v = np.array([operator(q[s], self.mu[s]) for s in range(len(v))])
        return v, self.q_of(v, gamma)

    def batch(self) -> Batch:
        """Return every transition as often as it happens."""
        rows = [
            (s, a, n)
            for s, a, n in np.ndindex(*self.moves.shape)
            for _ in range(int(self.often[s, a] * self.moves[s, a, n]))
        ]
        s, a, n = np.array(rows).T
        states = np.eye(len(self.mu))
        return made(
            state=torch.from_numpy(states[s]),
            behind=torch.from_numpy(states[n]),
            actions=torch.from_numpy(a[:, None, None].astype(float)),
            rewards=torch.from_numpy(self.rewards[s, a][:, None]),
            terminated=torch.from_numpy(self.ends[s, a][:, None]),
        )


def random_mdp(seed: int, states: int = 5, actions: int = 4) -> Mdp:
    """Return an MDP whose probabilities are fractions, so that one batch holds all of it."""
    rng = np.random.default_rng(seed)
    moves = rng.multinomial(4, rng.dirichlet(np.ones(states), (states, actions)))
    return Mdp(
        rng.integers(1, 5, (states, actions)),
        moves,
        rng.normal(size=(states, actions)),
        rng.random((states, actions)) < 0.1,
    )


def made(
    *,
    state: Tensor,
    actions: Tensor,
    behind: Tensor | None = None,
    rewards: Tensor | None = None,
    terminated: Tensor | None = None,
    valid: Tensor | None = None,
    expert: Tensor | None = None,
) -> Batch:
    """Return a batch; what is not given is nothing, and every step valid."""
    rows, steps = actions.shape[:2]
    valid = torch.ones(rows, steps, dtype=torch.bool) if valid is None else valid
    return Batch(
        observation={'state': state},
        next_observation={'state': state if behind is None else behind},
        actions=actions,
        valid=valid,
        rewards=torch.zeros(rows, steps) if rewards is None else rewards,
        terminated=torch.zeros_like(valid) if terminated is None else terminated,
        expert=torch.zeros(rows, dtype=torch.bool) if expert is None else expert,
        episode=torch.zeros(rows, dtype=torch.int64),
        row=torch.arange(rows),
    )


def noise(rows: int = 32, steps: int = 4, state: int = 5, seed: int = 0) -> Batch:
    """Return a batch of random numbers for BODY; some chunks are cut, some end."""
    draw = torch.Generator().manual_seed(seed)
    taken = torch.randint(1, steps + 1, (rows,), generator=draw)
    valid = torch.arange(steps)[None] < taken[:, None]
    return made(
        state=torch.randn(rows, state, generator=draw),
        behind=torch.randn(rows, state, generator=draw),
        actions=torch.randn(rows, steps, BODY.size, generator=draw),
        rewards=torch.randn(rows, steps, generator=draw) * valid,
        terminated=(torch.rand(rows, steps, generator=draw) < 0.05) & valid,
        valid=valid,
        expert=torch.rand(rows, generator=draw) < 0.4,
    )


def small(**changes: object) -> ValueConfig:
    """Return a config for noise() and networks of a moment."""
    return ValueConfig(**({'chunk': 4, 'width': 16, 'depth': 1} | changes))  # type: ignore[arg-type]


def network(config: ValueConfig, **more: object) -> ValueLearner:
    """Return a learner of small networks for noise()."""
    torch.manual_seed(7)
    spec = ValueSpec(BODY, Seen(5, 8), 8, (-4.0, 4.0), more.pop('monte_carlo', None))  # type: ignore[arg-type]
    return ValueLearner(config, spec, **more)  # type: ignore[arg-type]
