# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How large the multi-modal network is and how it sees; needs no PyTorch."""

from dataclasses import dataclass

from hvd_ros.core.config import check, param
from hvd_ros.core.errors import ConfigError


@dataclass(frozen=True)
class EncoderConfig:
    """How a value looks; sizes of the transformer are those of the paper's Table 9."""

    kind: str = param(
        'vector', 'everything side by side through an MLP, or as tokens through a transformer',
        choices=('vector', 'tokens'),
    )  # fmt: skip
    width: int = param(256, 'of a token', low=8, high=8192)
    depth: int = param(4, 'blocks of the transformer', low=1, high=64)
    mlp: int = param(1024, 'width inside the gated MLP of a block', low=8, high=65536)
    heads: int = param(4, 'of attention', low=1, high=64)
    kv_heads: int = param(1, 'keys and values that the heads share', low=1, high=64)
    head_dim: int = param(64, 'numbers of a head; even', low=2, high=1024)
    eyes: str = param(
        'light', 'what reads images: convolutions that are trained, or SigLIP, frozen',
        choices=('light', 'siglip'),
    )  # fmt: skip
    side: int = param(64, 'light: pixels that images are scaled to', low=16, high=512)
    weights: str = param('', 'siglip: safetensors file of its weights')
    grid: int = param(4, 'siglip: tokens of an image along each side', low=1, high=64)
    keep_features: bool = param(
        True, 'siglip: what it says of each image is computed once and kept with the dataset'
    )

    def __post_init__(self) -> None:
        check(self)
        if self.heads % self.kv_heads or self.head_dim % 2:
            raise ConfigError(
                f'encoder.heads = {self.heads}, kv_heads = {self.kv_heads}, head_dim = '
                f'{self.head_dim}: heads must be a multiple of kv_heads, head_dim even'
            )
        if self.kind == 'tokens' and self.eyes == 'siglip' and not self.weights:
            raise ConfigError(
                'encoder.eyes = siglip needs weights that were learnt before: --encoder.weights '
                'FILE.safetensors (of SigLIP or PaliGemma), or --encoder.eyes light'
            )
