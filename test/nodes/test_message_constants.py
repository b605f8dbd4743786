# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The numbers of core's enums are the constants of the messages, name by name."""

from enum import IntEnum

import pytest

from hvd_ros.core.mux.command import Clip, Mode, Source

messages = pytest.importorskip('hvd_msgs.msg')
pytestmark = pytest.mark.ros


def _constants(message: type, prefix: str) -> dict[str, int]:
    names = [name for name in dir(type(message)) if name.startswith(prefix)]
    return {name.removeprefix(prefix): getattr(message, name) for name in names}


@pytest.mark.parametrize(
    ('enum', 'message', 'prefix', 'only_core'),
    [
        (Source, 'WholeBodyCommand', 'SOURCE_', {}),
        (Mode, 'MuxStatus', 'MODE_', {}),
        (Clip, 'CommandTrace', 'CLIP_', {'NONE': 0}),
    ],
)
def test_enum_equals_the_constants(
    enum: type[IntEnum], message: str, prefix: str, only_core: dict[str, int]
) -> None:
    ours = {member.name: int(member) for member in enum.__members__.values()}
    wire = _constants(getattr(messages, message), prefix)
    assert wire, f'{message} has no {prefix} constants'
    assert ours == wire | only_core
