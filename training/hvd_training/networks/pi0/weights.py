# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Public weights into a network, by name, with an account of every one of them.

Nothing stays at random in silence: what a file lacks, or has in another shape, is refused unless
it was said that it may begin fresh.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
import torch
from torch import Tensor, nn

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.networks.pi0.names import EMBEDDING, IGNORED, TIED, ours, public

_OURS_ALONE = ('lora_a', 'lora_b', 'encoder.prompts.')
_SHOWN = 5


@dataclass(frozen=True)
class Report:
    """What became of the weights of a file; names as in this network, unexpected as in theirs."""

    path: Path
    matched: tuple[str, ...]
    missing: tuple[str, ...]  # the file has none
    shape: tuple[str, ...]  # the file has another shape; with both shapes
    unexpected: tuple[str, ...]  # the network has none
    ignored: tuple[str, ...]  # known, and of no use here
    cut: int = 0  # words behind those that the network has

    def lines(self) -> list[str]:
        """Return it in words."""
        rows = [f'{self.path}: {len(self.matched)} weights taken over']
        for name, some in (
            ('left fresh, not in the file', self.missing),
            ('left fresh, of another shape', self.shape),
            ('not of this network', self.unexpected),
            ('of no use here', self.ignored),
        ):
            if some:
                rows.append(f'  {len(some)} {name}: {_few(some)}')
        if self.cut:
            rows.append(f'  {self.cut} words more than the network has were left out')
        return rows


def load(network: nn.Module, path: Path, fresh: Sequence[str] = ()) -> Report:
    """
    Take weights over; raises ContractMismatch before anything is changed.

    `fresh` are beginnings of names, as in the public files, of what may stay as it is.
    """
    own = {name: one for name, one in network.state_dict().items() if not _alone(name)}
    place, shape, unexpected, ignored = _matched(own, dict(_shapes(path)))
    filled = set(place.values()) | set(shape)
    missing = [public(name) for name in own if name not in filled]
    _refuse(path, missing + list(shape.values()), unexpected, fresh)
    cut = _take(own, path, place)
    return Report(
        path, tuple(place.values()), tuple(missing), tuple(shape.values()), tuple(unexpected),
        tuple(ignored), cut,
    )  # fmt: skip


def _matched(
    own: dict[str, Tensor], theirs: dict[str, tuple[int, ...]]
) -> tuple[dict[str, str], dict[str, str], list[str], list[str]]:
    """Return where weights belong, those of another shape, those of nobody, and the useless."""
    place: dict[str, str] = {}
    shape: dict[str, str] = {}
    unexpected, ignored = [], []
    embedded = any(ours(name) == EMBEDDING for name in theirs)
    for key, size in theirs.items():
        name = ours(key)
        if IGNORED.search(key) or (name == TIED and embedded):
            ignored.append(key)
            continue
        # The same numbers as the embedding, of which a file may keep only one.
        name = EMBEDDING if name == TIED else name
        if name not in own:
            unexpected.append(key)
        elif size == tuple(own[name].shape) or _longer(name, size, own[name]):
            place[key] = name
        else:
            shape[name] = f'{public(name)} {size}, here {tuple(own[name].shape)}'
    return place, shape, unexpected, ignored


def files(path: Path) -> list[Path]:
    """Return the files that weights lie in: one, or the shards that an index names."""
    if path.is_file():
        return [path]
    index = path / 'model.safetensors.index.json'
    if index.is_file():
        shards = json.loads(index.read_text(encoding='utf-8'))['weight_map'].values()
        return [path / name for name in sorted(set(shards))]
    if (path / 'model.safetensors').is_file():
        return [path / 'model.safetensors']
    raise ConfigError(
        f'{path} has no weights: name a .safetensors file, or a folder with model.safetensors or '
        'its index (such as lerobot/pi0_base or google/paligemma-3b-pt-224, downloaded)'
    )


def _shapes(path: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    for file in files(path):
        try:
            with safe_open(file, 'pt') as one:
                for name in one.keys():  # noqa: SIM118 (not a dict)
                    yield name, tuple(one.get_slice(name).get_shape())
        except (OSError, SafetensorError) as error:
            raise ConfigError(f'{file} can not be read ({error}); fetch it again') from None


@torch.no_grad()
def _take(own: dict[str, Tensor], path: Path, found: dict[str, str]) -> int:
    cut = 0
    for file in files(path):
        with safe_open(file, 'pt') as one:
            for theirs in one.keys():  # noqa: SIM118
                if theirs in found:
                    target, value = own[found[theirs]], one.get_tensor(theirs)
                    cut += len(value) - len(target) if value.ndim else 0
                    target.copy_(value[: len(target)] if value.ndim else value)
    return cut


def _refuse(path: Path, lacking: list[str], unexpected: list[str], fresh: Sequence[str]) -> None:
    left = [name for name in lacking if not name.startswith(tuple(fresh))]
    if not left:
        return
    parts = sorted({_part(name) for name in left})
    # A beginning says all that begins with it.
    parts = [one for one in parts if not any(one.startswith(f'{other}.') for other in parts)]
    raise ContractMismatch(
        f'{path} does not fill this network: {_few(left)}'
        + (f'; and has what it has not: {_few(unexpected)}' if unexpected else '')
        + '. Build the network that the file is of (--policy.variant, --policy.state_width, '
        f'--policy.action_width), or say what may begin fresh: --policy.fresh {",".join(parts)}'
    )


def _part(name: str) -> str:
    """Return how a part of the network is named as a whole."""
    name = name.split(' ')[0]
    head, found, _ = name.partition('.layers.')
    return head if found else name.rpartition('.')[0]


def _longer(name: str, size: tuple[int, ...], own: Tensor) -> bool:
    """Say whether a file only knows more words: PaliGemma's has 64 that nobody uses."""
    return name == EMBEDDING and size[0] > len(own) and size[1:] == tuple(own.shape[1:])


def _alone(name: str) -> bool:
    return any(part in name for part in _OURS_ALONE)


def _few(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ', '.join(names[:_SHOWN]) + (f' and {more} more' if more > 0 else '')
