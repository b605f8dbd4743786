# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Modules that take what a robot has and give what it is commanded: the inside of each graph.

Normalising, relative joints and scaling back are layers of it, so that no place where it runs can
have other statistics. A policy with a `split` is three graphs: `encode` once, `step` for each step
of its sampler, `finish` from the last x to commands. Any other is one, its steps unrolled.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.policy.bundle import ALONG, ENCODE, FINISH, STEP, WHOLE, Step
from hvd_training.data.batch import SIM_STATE, STATE, Observed
from hvd_training.data.loading.normaliser import Normaliser, Scale
from hvd_training.export.subject import Subject
from hvd_training.policies.draws import GivenDraws, Source
from hvd_training.policies.heads.head import Network
from hvd_training.policies.heads.leading import can_be_led, sample_along
from hvd_training.policies.policy import ChunkPolicy


class Split(Protocol):
    """A policy that is run as several graphs; a ChunkPolicy says so by a method split()."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return the steps of the sampler: x <- keep * x + gain * predict(context, x, time)."""
        ...

    @property
    def noise(self) -> tuple[int, ...]:
        """Return the shape of the first x, (1, K, A) or wider where actions are padded."""
        ...

    def context(self, observation: Observed) -> dict[str, Tensor]:
        """Return what stays the same over the steps, by name, in float32."""
        ...

    def predict(self, context: Mapping[str, Tensor], x: Tensor, time: Tensor) -> Tensor:
        """Return what the network says of x (1, ...) at a time (1,)."""
        ...

    def chunk(self, x: Tensor) -> Tensor:
        """Return the normalised actions (1, K, A) of the last x."""
        ...


class Normalise(nn.Module):
    """(value - centre) / width, kept within the limit."""

    def __init__(self, scale: Scale) -> None:
        super().__init__()
        self.register_buffer('centre', torch.from_numpy(scale.centre))
        self.register_buffer('width', torch.from_numpy(scale.width))
        self.centre: Tensor
        self.width: Tensor
        self.limit = scale.limit

    def forward(self, values: Tensor) -> Tensor:
        """Return normalised values."""
        out = (values - self.centre) / self.width
        return out.clamp(-self.limit, self.limit) if self.limit else out


class Commands(nn.Module):
    """Normalised actions (1, K, A) to absolute commands, with the state (1, S) they start from."""

    def __init__(self, scale: Normaliser) -> None:
        super().__init__()
        self.register_buffer('centre', torch.from_numpy(scale.action.centre))
        self.register_buffer('width', torch.from_numpy(scale.action.width))
        moved = np.zeros(len(scale.action.centre), np.float32)
        origin = np.zeros(len(moved), np.int64)
        moved[scale.moved], origin[scale.moved] = 1, scale.origin
        self.register_buffer('moved', torch.from_numpy(moved))
        self.register_buffer('origin', torch.from_numpy(origin))
        self.centre: Tensor
        self.width: Tensor
        self.moved: Tensor
        self.origin: Tensor
        self.relative = bool(len(scale.moved))

    def forward(self, chunk: Tensor, state: Tensor | None) -> Tensor:
        """Return commands."""
        out = chunk.float() * self.width + self.centre
        if self.relative:
            assert state is not None
            out = out + (newest(state)[:, self.origin] * self.moved)[:, None]
        return out

    def undone(self, commands: Tensor, state: Tensor | None) -> Tensor:
        """Return the normalised actions of commands."""
        if self.relative:
            assert state is not None
            commands = commands - (newest(state)[:, self.origin] * self.moved)[:, None]
        return (commands - self.centre) / self.width


def newest(state: Tensor) -> Tensor:
    """Return the state (1, S) of now, of some moments (1, T, S) or of one."""
    return state[:, -1] if state.ndim == 3 else state


class Look(nn.Module):
    """Raw inputs by name to what the network sees."""

    def __init__(self, subject: Subject) -> None:
        super().__init__()
        scale = subject.scale
        self.observe = tuple(subject.config.data.observe)
        self.state = Normalise(scale.state)
        self.sim_state = Normalise(scale.sim_state) if scale.sim_state else None

    def forward(self, raw: Mapping[str, Tensor]) -> Observed:
        """Return the observation."""
        seen = {key: raw[key] for key in self.observe}
        if STATE in seen:
            seen[STATE] = self.state(seen[STATE])
        if SIM_STATE in seen:
            assert self.sim_state is not None
            seen[SIM_STATE] = self.sim_state(seen[SIM_STATE])
        return seen


class Whole(nn.Module):
    """Everything from raw inputs and noise to commands."""

    def __init__(self, subject: Subject, names: Sequence[str]) -> None:
        super().__init__()
        self.names = tuple(names)
        self.look, self.commands = Look(subject), Commands(subject.scale)
        # Named here, so that all parameters are those of this module.
        self.policy, self.value = subject.policy, subject.value
        self.sampler = [subject.sampler]

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return the chunk (1, K, A) of absolute commands."""
        raw = dict(zip(self.names, inputs, strict=True))
        source = GivenDraws(raw.get('noise', torch.zeros(0)))
        chunk: Tensor = self.commands(
            self.sampler[0].sample(self.look(raw), source), raw.get(STATE)
        )
        return chunk


class Along(nn.Module):
    """The same, for a chunk that agrees with the tail of the last one."""

    def __init__(self, subject: Subject, names: Sequence[str]) -> None:
        super().__init__()
        self.names = tuple(names)
        self.look, self.commands = Look(subject), Commands(subject.scale)
        self.policy = subject.policy

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return the chunk (1, K, A) of absolute commands."""
        raw = dict(zip(self.names, inputs, strict=True))
        policy, state, tail = self.policy, raw.get(STATE), raw['tail']
        wanted, weights = self.commands.undone(tail, state), raw['weights']

        def draw(network: Network, shape: Any, source: Source, device: Any) -> Tensor:
            return sample_along(policy.head, network, shape, source, wanted, weights)

        with torch.no_grad():
            features = policy.encode(self.look(raw))
        chunk = policy.drawn(features, GivenDraws(raw['noise']), draw)
        out: Tensor = self.commands(chunk, state)
        return out


class Encode(nn.Module):
    """Raw inputs to the context of the steps."""

    def __init__(self, subject: Subject, names: Sequence[str], split: Split) -> None:
        super().__init__()
        self.names, self.look, self.policy = tuple(names), Look(subject), subject.policy
        self.split = split

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return the tensors of the context."""
        seen = self.look(dict(zip(self.names, inputs, strict=True)))
        return tuple(value.float() for value in self.split.context(seen).values())


class OneStep(nn.Module):
    """A context, x and a time to what the network says of them."""

    def __init__(self, subject: Subject, names: Sequence[str], split: Split) -> None:
        super().__init__()
        self.names, self.policy, self.split = tuple(names), subject.policy, split

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return the prediction."""
        *context, x, time = inputs
        named = dict(zip(self.names, context, strict=False))
        return self.split.predict(named, x, time).float()


class Finish(nn.Module):
    """The last x, and the state where commands start from it, to commands."""

    def __init__(self, subject: Subject, split: Split) -> None:
        super().__init__()
        self.commands, self.split = Commands(subject.scale), split

    def forward(self, x: Tensor, state: Tensor | None = None) -> Tensor:
        """Return the chunk (1, K, A) of absolute commands."""
        chunk: Tensor = self.commands(self.split.chunk(x), state)
        return chunk


class Piece:
    """A module to be exported, with what it is fed and what it says."""

    def __init__(
        self,
        role: str,
        module: nn.Module,
        feeds: dict[str, Tensor],
        outputs: Sequence[str],
        differentiates: bool = False,
    ) -> None:
        self.role, self.module, self.feeds, self.outputs = role, module, feeds, tuple(outputs)
        self.differentiates = differentiates  # inside, which the exporter can not follow itself


def split_of(subject: Subject) -> Split | None:
    """Return how a policy is split, None when it is exported whole."""
    make: Any = getattr(subject.policy, 'split', None)
    return None if make is None or subject.value is not None else make()


def along(subject: Subject, feeds: Mapping[str, Any]) -> Piece:
    """Return the graph that can be led; raises ConfigError for a policy that can not."""
    head = getattr(subject.policy, 'head', None)
    plain = isinstance(subject.sampler, ChunkPolicy) and split_of(subject) is None
    if not plain or not can_be_led(head):
        raise ConfigError(
            f'{subject.folder.path} can not be led while it samples: that takes a whole policy '
            'with the head flow or clean_flow that does not choose by a value; leave --rtc'
        )
    raw = {name: torch.from_numpy(np.asarray(value)) for name, value in feeds.items()}
    noise = raw['noise']
    given = raw | {'tail': torch.zeros_like(noise), 'weights': torch.zeros(noise.shape[:2])}
    return Piece(ALONG, Along(subject, tuple(given)), given, ('chunk',), differentiates=True)


def pieces(subject: Subject, feeds: Mapping[str, Any]) -> list[Piece]:
    """Return what has to be exported, with inputs to try each by."""
    raw = {name: torch.from_numpy(np.asarray(value)) for name, value in feeds.items()}
    split = split_of(subject)
    if split is None:
        return [Piece(WHOLE, Whole(subject, tuple(raw)), raw, ('chunk',))]
    noise = raw.pop('noise')
    # The look alone needs no state that only commands start from.
    encode = {key: raw[key] for key in subject.config.data.observe}
    first = Encode(subject, tuple(encode), split)
    with torch.no_grad():
        context = split.context(first.look(encode))
    given = {name: value.float() for name, value in context.items()}
    step = OneStep(subject, tuple(given), split)
    finish = {'x': noise} | ({STATE: raw[STATE]} if len(subject.scale.moved) else {})
    return [
        Piece(ENCODE, first, encode, tuple(given)),
        Piece(STEP, step, given | {'x': noise, 'time': torch.ones(1)}, ('prediction',)),
        Piece(FINISH, Finish(subject, split), finish, ('chunk',)),
    ]
