# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The methods that tables compare: a preset, what is changed in it, and which data it may see.

Budgets, sizes and what is observed are those of the scale, so that nothing but the method differs.
"""

from dataclasses import dataclass, replace

from hvd_training.proof.cell import Cell, Data, one_of
from hvd_training.train.config import PolicyTrain, ValueTrain
from hvd_training.train.overrides import override
from hvd_training.train.presets import preset


@dataclass(frozen=True)
class Method:
    """How a name in a table is trained."""

    text: str
    preset: str
    policy: tuple[str, ...] = ()
    value: tuple[str, ...] = ()
    all_data: bool = True  # otherwise demonstrations only

    def data(self, data: Data) -> Data:
        """Return what of some data it learns from."""
        return data if self.all_data else data.experts_only()


def _hvd(text: str, *value: str, preset: str = 'small-hvd') -> Method:
    return Method(text, preset, value=value)


METHODS: dict[str, Method] = {
    'bc': Method('imitates the demonstrations', 'small-bc', all_data=False),
    'bc-all': Method('imitates everything', 'small-bc-all'),
    'filtered-bc': Method('imitates the successes', 'small-filtered-bc'),
    'iql': Method('chunked IQL, weights of AWR', 'small-iql'),
    'idql': Method('imitates everything, acts on the best of N', 'small-idql'),
    'qipo': Method('energy-weighted imitation of its own draws', 'small-qipo'),
    'deas': Method('a histogram of returns, best of N', 'small-deas'),
    'hvd': _hvd('a weight for each group, base first, demonstrations beside'),
    'hvd-sharp': _hvd('the same, weights three times as sharp', '--value.alpha', '3'),
    # The weight of every chunk is 1 then, so what is left are the demonstrations beside all data.
    'hvd-flat': _hvd('with all weights alike: the control', '--value.alpha', '0.000001'),
    'hvd-shared': _hvd('without hierarchy', preset='small-hvd-shared'),
    'hvd-residual': _hvd('heads that add up', preset='small-hvd-residual'),
    'hvd-random': _hvd('groups by chance: the control', preset='small-hvd-random'),
    'hvd-arm-torso-base': _hvd('another order', '--value.order', 'arm,torso,base'),
    'hvd-torso-arm-base': _hvd('another order', '--value.order', 'torso,arm,base'),
    'hvd-base-arm-torso': _hvd('another order', '--value.order', 'base,arm,torso'),
    'hvd-paper': _hvd('equations 6 and 7 as printed', preset='small-hvd-paper'),
    'arm-only': Method(
        'imitates with one arm and its gripper', 'small-bc', all_data=False,
        policy=('--data.dimensions', 'right_arm,right_gripper'),
    ),
}  # fmt: skip


def method(name: str) -> Method:
    """Find a method, or say which ones exist."""
    found: Method = one_of('method', name, METHODS)
    return found


def data_of(cell: Cell) -> Data:
    """Return what a cell really learns from."""
    return method(cell.method).data(cell.data)


def policy_config(cell: Cell) -> PolicyTrain:
    """Return phase 2 of a cell."""
    how = method(cell.method)
    config = override(preset(how.preset).policy, _sizes(cell, cell.scale.policy_steps))
    config = replace(config, execute=min(config.execute, cell.scale.horizon))
    return override(config, (*cell.scale.policy, *how.policy)).settled()


def value_config(cell: Cell) -> ValueTrain | None:
    """Return phase 1 of a cell; None for imitation."""
    how = method(cell.method)
    config = preset(how.preset).value
    if config is None:
        return None
    config = override(config, _sizes(cell, cell.scale.value_steps))
    return override(config, (*cell.scale.value, *how.value)).settled()


def _sizes(cell: Cell, steps: int) -> tuple[str, ...]:
    scale = cell.scale
    seen = ['state', *([scale.sees] if scale.sees != 'state' else [])]
    seen += ['prompt'] if len(cell.data.tasks) > 1 else []
    words = {
        'data.observe': ','.join(seen),
        'data.horizon': scale.horizon,
        'run.steps': steps,
        'run.batch_size': scale.batch_size,
        'run.seed': cell.seed,
        'run.device': 'cpu',
        'run.threads': 1,
        'run.tensorboard': 'no',
        'run.save_every': max(1, min(1000, steps // 4)),
        'run.validate_every': max(1, steps // 2),
        'run.log_every': max(1, min(500, steps // 4)),
        'run.keep': 1,
    }
    return tuple(word for key, value in words.items() for word in (f'--{key}', str(value)))
