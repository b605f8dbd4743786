# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The names of weights: ours, those of the public pi0 files, and those of PaliGemma alone.

Only what stands in front differs. Public files are openpi's, LeRobot's (one more `model.`), and
PaliGemma's in both forms that transformers has written.
"""

import re

_PREFIXES = (
    ('paligemma_with_expert.gemma_expert.model.', 'network.expert.'),
    ('paligemma_with_expert.paligemma.', ''),
    ('vision_tower.vision_model.', 'encoder.reader.vision.'),
    ('vision_tower.', 'encoder.reader.vision.'),
    ('multi_modal_projector.', 'encoder.reader.projector.'),
    ('language_model.lm_head.', 'lm_head.'),
    ('language_model.', 'encoder.reader.language.'),
    *((f'{name}.', f'network.{name}.') for name in (
        'state_proj', 'action_in_proj', 'action_out_proj', 'action_time_mlp_in',
        'action_time_mlp_out', 'time_mlp_in', 'time_mlp_out',
    )),
)  # fmt: skip
TIED = 'lm_head.weight'
EMBEDDING = 'encoder.reader.language.embed_tokens.weight'
# In public files and of no use here: the expert says no words.
IGNORED = re.compile(
    r'(paligemma_with_expert\.)?gemma_expert\.(lm_head|model\.embed_tokens)\.weight$'
)


def ours(name: str) -> str:
    """Return how a weight of a public file is called here."""
    name = name.removeprefix('model.')
    for theirs, own in _PREFIXES:
        if name.startswith(theirs):
            name = own + name.removeprefix(theirs)
            if own:
                break
            name = name.removeprefix('model.')
    # The language model stands directly, or in a model of its own.
    return name.replace('language.model.', 'language.')


def public(name: str) -> str:
    """Return how one of our weights is called in openpi's files."""
    for theirs, own in (
        ('paligemma_with_expert.gemma_expert.model.', 'network.expert.'),
        ('paligemma_with_expert.paligemma.model.vision_tower.vision_model.',
         'encoder.reader.vision.'),
        ('paligemma_with_expert.paligemma.model.multi_modal_projector.',
         'encoder.reader.projector.'),
        ('paligemma_with_expert.paligemma.model.language_model.', 'encoder.reader.language.'),
        ('', 'network.'),
    ):  # fmt: skip
        if name.startswith(own):
            return theirs + name.removeprefix(own)
    return name
