# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How large the parts are: as published, and so small that a CPU learns in seconds."""

from dataclasses import dataclass

from hvd_ros.core.errors import ConfigError, did_you_mean


@dataclass(frozen=True)
class Gemma:
    """One of the two experts; depth and heads are the same in both, for they share attention."""

    width: int
    mlp: int
    depth: int
    heads: int
    kv_heads: int
    head_width: int


@dataclass(frozen=True)
class Siglip:
    """The vision tower."""

    width: int
    mlp: int
    depth: int
    heads: int
    image: int  # pixels of a side
    patch: int

    @property
    def tokens(self) -> int:
        """Return the tokens of an image."""
        return (self.image // self.patch) ** 2


@dataclass(frozen=True)
class Pi0Sizes:
    """Everything together."""

    vision: Siglip
    language: Gemma
    expert: Gemma
    vocabulary: int

    def __post_init__(self) -> None:
        one, other = (
            (g.depth, g.heads, g.kv_heads, g.head_width) for g in (self.language, self.expert)
        )
        if one != other:
            raise ConfigError(
                f'the experts share attention, so depth, heads, kv heads and head width must be '
                f'equal: {one} and {other}'
            )


SIZES = {
    'published': Pi0Sizes(
        Siglip(width=1152, mlp=4304, depth=27, heads=16, image=224, patch=14),
        Gemma(width=2048, mlp=16384, depth=18, heads=8, kv_heads=1, head_width=256),
        Gemma(width=1024, mlp=4096, depth=18, heads=8, kv_heads=1, head_width=256),
        vocabulary=257152,
    ),
    'tiny': Pi0Sizes(
        Siglip(width=32, mlp=64, depth=1, heads=2, image=28, patch=14),
        Gemma(width=32, mlp=64, depth=2, heads=2, kv_heads=1, head_width=16),
        Gemma(width=32, mlp=64, depth=2, heads=2, kv_heads=1, head_width=16),
        vocabulary=260,
    ),
}  # fmt: skip
NAMES = tuple(SIZES)


def sizes(name: str) -> Pi0Sizes:
    """Find sizes by name, or say which ones exist."""
    if name not in SIZES:
        raise ConfigError(f"no size '{name}' of pi0; {did_you_mean(name, SIZES)}")
    return SIZES[name]
