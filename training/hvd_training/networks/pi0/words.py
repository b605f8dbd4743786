# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Words to numbers: PaliGemma's own tokenizer from a file that the user has, or plain bytes.

The file comes with the weights and under their terms, so none is here. `tokenizer.model` is read
by the package sentencepiece, `tokenizer.json` by the package tokenizers; bytes are for trying
things out at a tiny size.
"""

from collections.abc import Sequence
import importlib
from pathlib import Path
from typing import Any, Protocol

from hvd_ros.core.errors import ConfigError

BYTES = 'bytes'
BEGIN = 2  # of a text, in PaliGemma's vocabulary as in that of bytes
UNKNOWN = 3
_FIRST_BYTE = 4


class Words(Protocol):
    """A tokenizer."""

    def encode(self, text: str) -> Sequence[int]:
        """Return the tokens of a text, without a begin or an end."""
        ...


class Bytes:
    """A token for each byte of UTF-8, behind pad, end, begin and unknown."""

    def encode(self, text: str) -> Sequence[int]:
        """Return the tokens of a text."""
        return [_FIRST_BYTE + byte for byte in text.encode('utf-8')]


class SentencePiece:
    """A `tokenizer.model`."""

    def __init__(self, path: Path) -> None:
        package: Any = _package('sentencepiece', path)
        self._processor = package.SentencePieceProcessor()
        try:
            self._processor.Load(str(path))
        except (OSError, RuntimeError) as error:
            raise ConfigError(
                f'{path} is no SentencePiece model ({error}); fetch it again'
            ) from None

    def encode(self, text: str) -> Sequence[int]:
        """Return the tokens of a text."""
        found: list[int] = self._processor.EncodeAsIds(text)
        return found


class FastWords:
    """A `tokenizer.json`."""

    def __init__(self, path: Path) -> None:
        package: Any = _package('tokenizers', path)
        try:
            self._tokenizer = package.Tokenizer.from_file(str(path))
        except Exception as error:  # the package raises nothing more special
            raise ConfigError(f'{path} is no tokenizer ({error}); fetch it again') from None

    def encode(self, text: str) -> Sequence[int]:
        """Return the tokens of a text."""
        found: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return found


def words(name: str) -> Words:
    """Open a tokenizer by the path of its file, or 'bytes'; raises ConfigError."""
    if name == BYTES:
        return Bytes()
    path = Path(name).expanduser()
    if not name or not path.is_file():
        where = f"'{name}' is no file" if name else 'none is named'
        raise ConfigError(
            f'pi0 reads its prompt by a tokenizer, and {where}; name the tokenizer.model or '
            'tokenizer.json that comes with PaliGemma (google/paligemma-3b-pt-224): '
            f"--policy.tokenizer PATH, or '{BYTES}' to try things out"
        )
    if path.suffix == '.json':
        return FastWords(path)
    if path.suffix == '.model':
        return SentencePiece(path)
    raise ConfigError(f'{path} is neither a tokenizer.model nor a tokenizer.json')


def _package(name: str, path: Path) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ConfigError(f"{path} needs the package '{name}'; pip install {name}") from None
