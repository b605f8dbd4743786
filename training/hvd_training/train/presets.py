# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Named starting points: one name for both phases of a method on a kind of data.

`hvd train-value --preset NAME` takes the first part, `hvd train-policy --preset NAME` the second;
any field is then overridden on the command line.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_training.data.loading.config import DataConfig
from hvd_training.networks.multimodal.config import EncoderConfig
from hvd_training.objectives import registry
from hvd_training.objectives.bc import BcConfig
from hvd_training.policies.augment import AugmentConfig
from hvd_training.policies.dp import DpConfig
from hvd_training.policies.pi0 import Pi0Config
from hvd_training.policies.small import SmallConfig
from hvd_training.policies.wbvima import WbVimaConfig
from hvd_training.train.config import OptimConfig, PolicyTrain, RunConfig, ValueTrain
from hvd_training.values.config import ValueConfig, paper
from hvd_training.values.deas import deas


@dataclass(frozen=True)
class Preset:
    """Both phases; imitation has no first one."""

    text: str
    policy: PolicyTrain
    value: ValueTrain | None = None


def preset(name: str) -> Preset:
    """Find a preset, or say which ones exist."""
    if name not in PRESETS:
        raise ConfigError(f"no preset '{name}'; {did_you_mean(name, PRESETS)}")
    return PRESETS[name]()


def value_preset(name: str) -> ValueTrain:
    """Return the first phase of a preset."""
    found = preset(name).value
    if found is None:
        raise ConfigError(
            f"preset '{name}' imitates and needs no value; run `hvd train-policy --preset {name}`"
        )
    return found


_SMALL = DataConfig(horizon=16, observe=('state', 'prompt'))
_SMALL_RUN = RunConfig(steps=8000, batch_size=256, threads=1)
_RGB = ('rgb.head', 'rgb.left_wrist', 'rgb.right_wrist')
# Colours as openpi changes them; a camera is missing now and then.
_SIGHT = AugmentConfig(
    crop=0.05, brightness=0.3, contrast=0.4, saturation=0.5, cloud_jitter_m=0.002,
    cloud_grey=0.1, drop_camera=0.1, drop_cloud=0.1,
)  # fmt: skip
_SENSORS_RUN = RunConfig(steps=30_000, batch_size=128)
_OGBENCH = DataConfig(horizon=5, normalise='none', limit=0.0)
# Table 11 of the paper gives steps and groups, its text the rewards.
_B1K = DataConfig(horizon=20, observe=('state', 'prompt'), rewards='success')
_B1K_OPTIM = OptimConfig(
    learning_rate=1e-4, warmup=1000, beta2=0.95, weight_decay=1e-10, final_share=0.1
)
_ARM = ('right_arm', 'right_gripper')  # one arm and its gripper: 7 numbers on the R1
_TINY = RunConfig(
    steps=20, batch_size=16, log_every=5, save_every=10, validate_every=20, validation_rows=64,
    tensorboard=False, threads=1,
)  # fmt: skip


def _method(
    text: str, name: str, data: DataConfig, run: RunConfig, policy: PolicyTrain, value: ValueConfig
) -> Preset:
    """Return both phases of an objective that needs a value."""
    return Preset(
        text,
        replace(policy.named(None, name), data=data, run=run),
        ValueTrain(data, value, replace(run, batch_size=256)),
    )


def _belonging(name: str, value: ValueConfig) -> ValueConfig:
    """Return the value config with what an objective asks of it."""
    return value.but(**registry.objective(name).value)


def _small(text: str, name: str, value: ValueConfig | None = None) -> Callable[[], Preset]:
    policy = PolicyTrain(policy=SmallConfig(head='clean_flow'))
    value = value or _belonging(name, ValueConfig(gamma=0.997))
    return lambda: _method(text, name, _SMALL, _SMALL_RUN, policy, value)


def _imitation(text: str, name: str, what: str = 'expert') -> Callable[[], Preset]:
    def make() -> Preset:
        policy = PolicyTrain(policy=SmallConfig(head='clean_flow'), data=_SMALL, run=_SMALL_RUN)
        if name == 'bc':
            return Preset(text, replace(policy, objective=BcConfig(what)))
        return Preset(text, policy.named(None, name))

    return make


def _then(first: Callable[[], Preset], text: str, **value: object) -> Callable[[], Preset]:
    """Return a preset with other values."""

    def make() -> Preset:
        made = first()
        assert made.value is not None
        changed = replace(made.value, value=made.value.value.but(**value))
        return replace(made, text=text, value=changed)

    return make


def _ogbench(text: str, name: str) -> Callable[[], Preset]:
    value = ValueConfig(gamma=0.99, width=512, depth=3)
    run = RunConfig(steps=100_000, batch_size=256, save_every=10_000, validate_every=10_000)
    optim = OptimConfig(learning_rate=3e-4, schedule='constant', warmup=0, weight_decay=0.0)
    policy = PolicyTrain(policy=SmallConfig(head='flow', width=512), optim=optim, execute=5)
    if name == 'bc':
        bc = replace(policy, objective=BcConfig('all'), data=_OGBENCH, run=run)
        return lambda: Preset(text, bc)
    return lambda: _method(text, name, _OGBENCH, run, policy, _belonging(name, value))


def _b1k(text: str, name: str) -> Callable[[], Preset]:
    run = RunConfig(steps=80_000, batch_size=32, save_every=5000, validate_every=5000)
    policy = PolicyTrain(
        policy=SmallConfig(head='ddpm', width=1024, sampling_steps=20),
        optim=_B1K_OPTIM,
        execute=20,
    )
    if name == 'bc':
        return lambda: Preset(text, replace(policy, data=_B1K, run=run))

    def make() -> Preset:
        made = _method(text, name, _B1K, run, policy, ValueConfig(gamma=0.999))
        assert made.value is not None
        return replace(made, value=replace(made.value, run=replace(run, steps=10_000)))

    return make


def value_net(data: DataConfig, value: ValueConfig) -> ValueTrain:
    """Return the value of the paper's Figure 21 and Table 9 for whatever is observed."""
    return ValueTrain(
        data,
        value.but(decoder='128-256-64'),
        RunConfig(steps=30_000, batch_size=64),
        encoder=EncoderConfig(kind='tokens'),
    )


def _sensors(text: str, name: str, *seen: str) -> Callable[[], Preset]:
    """Return a small policy that sees what a robot sees, and the paper's value beside it."""

    def make() -> Preset:
        data = replace(
            _SMALL, observe=('state', 'prompt', *seen), image_height=96, image_width=128
        )
        policy = PolicyTrain(
            policy=SmallConfig(head='clean_flow'), data=data, augment=_SIGHT, run=_SENSORS_RUN
        )
        if name == 'bc':
            return Preset(text, policy)
        value = _belonging(name, ValueConfig(gamma=0.997))
        net = replace(value_net(data, value), augment=_SIGHT)
        return Preset(text, policy.named(None, name), net)

    return make


def _pi0(
    text: str, name: str, learn: str = 'all', size: str = 'published'
) -> Callable[[], Preset]:
    """Return pi0 as the paper's Table 8 has it, and the value of Table 9 beside it."""
    lora, tiny = learn == 'lora', size == 'tiny'

    def make() -> Preset:
        data = DataConfig(
            horizon=20, observe=('state', 'prompt', *_RGB), image_height=224, image_width=224
        )
        # The R1 has more numbers than the public projection of the state.
        policy = Pi0Config(learn=learn, size=size, state_width=64, fresh=('state_proj',))
        run = RunConfig(
            steps=50_000, batch_size=32, precision='bfloat16', save_every=5000,
            validate_every=5000, validation_rows=256,
        )  # fmt: skip
        if tiny:
            data = replace(data, image_height=28, image_width=28, horizon=4)
            policy = replace(policy, tokenizer='bytes', fresh=())
            run = replace(_TINY, steps=4)
        config = PolicyTrain(
            policy_name='pi0', policy=policy, data=data, run=run, execute=10,
            augment=replace(_SIGHT, drop_camera=0.0, drop_cloud=0.0),
            # Averages of weights are left out where adapters learn, as openpi does.
            optim=replace(_B1K_OPTIM, ema=0.0 if lora else 0.99),
        )  # fmt: skip
        if name == 'bc':
            return Preset(text, config)
        value = _belonging(name, ValueConfig(gamma=0.997))
        net = replace(value_net(data, value), augment=config.augment)
        if tiny:
            net = replace(net, run=run)
        return Preset(text, config.named(None, name), net)

    return make


def _dp(text: str, name: str, tiny: bool = False) -> Callable[[], Preset]:
    """Return Diffusion Policy as the paper's Table 7 has it; how it is scaled is our choice."""
    data = DataConfig(
        horizon=20, history=2, observe=('state', 'prompt', *_RGB), normalise='quantile',
        image_height=240, image_width=320,
    )  # fmt: skip
    run = RunConfig(
        steps=100_000, batch_size=32, save_every=5000, validate_every=5000, validation_rows=256
    )
    config = PolicyTrain(
        policy_name='dp', policy=DpConfig(clip=1.5), data=data, run=run, execute=10,
        augment=replace(_SIGHT, drop_cloud=0.0),
        optim=OptimConfig(learning_rate=1e-4, warmup=500, beta2=0.95, final_share=0.0),
    )  # fmt: skip
    if tiny:
        policy = DpConfig(
            (16, 16), groups=4, time_width=16, picture_height=64, image_channels=16,
            sampler='ddim', sampling_steps=4,
        )  # fmt: skip
        data = replace(data, horizon=4, image_height=64, image_width=64)
        config = replace(config, policy=policy, data=data, run=replace(_TINY, steps=4))
    return lambda: _paper(text, config, name)


def _wbvima(text: str, name: str, tiny: bool = False) -> Callable[[], Preset]:
    """Return WB-VIMA by the paper's Tables 5 and 6; horizon and batch are those of its authors."""
    data = DataConfig(
        horizon=8, history=2, observe=('state', 'prompt', 'cloud'), normalise='quantile',
        cloud_points=4096,
    )  # fmt: skip
    run = RunConfig(
        steps=300_000, batch_size=256, save_every=5000, validate_every=5000, validation_rows=512
    )
    config = PolicyTrain(
        policy_name='wbvima', policy=WbVimaConfig(clip=1.5), data=data, run=run, execute=8,
        augment=replace(_SIGHT, drop_camera=0.0, drop_cloud=0.0),
        optim=OptimConfig(learning_rate=1e-4, warmup=1000, weight_decay=0.1, final_share=0.05),
    )  # fmt: skip
    if tiny:
        policy = WbVimaConfig(
            width=16, depth=1, heads=2, state_hidden=16, state_width=16, cloud_hidden=16,
            cloud_width=16, channels=(16, 16), groups=4, time_width=16, sampling_steps=4,
        )  # fmt: skip
        data = replace(data, horizon=4, cloud_points=64)
        config = replace(config, policy=policy, data=data, run=replace(_TINY, steps=4))
    return lambda: _paper(text, config, name)


def _paper(text: str, config: PolicyTrain, name: str) -> Preset:
    """Return imitation, or both phases with the value of Table 9."""
    if name == 'bc':
        return Preset(text, config)
    net = value_net(config.data, _belonging(name, ValueConfig(gamma=0.997)))
    net = replace(net, augment=config.augment)
    if config.run.steps <= _TINY.steps:
        net = replace(net, run=config.run)
    return Preset(text, config.named(None, name), net)


def _fig1(text: str, dimensions: tuple[str, ...]) -> Callable[[], Preset]:
    data = replace(_SMALL, dimensions=dimensions)
    policy = PolicyTrain(policy=SmallConfig(head='clean_flow'), data=data, run=_SMALL_RUN)
    return lambda: Preset(text, policy)


def _tiny(text: str, name: str) -> Callable[[], Preset]:
    data = replace(_SMALL, horizon=4, observe=('state',))
    policy = PolicyTrain(policy=SmallConfig(head='clean_flow', width=32, depth=1), execute=2)
    if name == 'bc':
        return lambda: Preset(text, replace(policy, data=data, run=_TINY))
    value = ValueConfig(width=32, depth=1, gamma=0.99)
    return lambda: _method(text, name, data, _TINY, policy, value)


_HVD = _small('HVD: a weight for each group of the body, demonstrations beside it', 'hvd')

PRESETS: dict[str, Callable[[], Preset]] = {
    'small-bc': _imitation('imitate the demonstrations', 'bc'),
    'small-bc-all': _imitation('imitate everything', 'bc', 'all'),
    'small-filtered-bc': _imitation('imitate the successes', 'filtered_bc'),
    'small-iql': _small('chunked IQL: one value, weights of AWR', 'iql_awr'),
    'small-idql': _small('imitate everything, act on the best of N', 'idql'),
    'small-qipo': _small('energy-weighted imitation of its own draws', 'qipo'),
    'small-hvd': _HVD,
    'small-hvd-shared': _then(_HVD, 'HVD without hierarchy: one weight', decomposition='shared'),
    'small-hvd-residual': _then(_HVD, 'HVD with heads that add up', decomposition='residual'),
    'small-hvd-random': _then(
        _HVD, 'HVD with groups drawn at random: a control', partition='random'
    ),
    'small-hvd-arm-first': _then(
        _HVD, 'HVD in the order arm, torso, base', order='arm,torso,base'
    ),
    'small-hvd-paper': _small('HVD as the paper states it', 'hvd', paper()),
    'small-deas': _small('DEAS: a histogram of returns, two discounts', 'deas', deas()),
    'small-bc-rgb': _sensors('imitate what cameras show', 'bc', *_RGB),
    'small-hvd-rgb': _sensors('HVD on three cameras, the value of Table 9', 'hvd', *_RGB),
    'small-hvd-cloud': _sensors('HVD on a cloud, the value of Table 9', 'hvd', 'cloud'),
    'small-hvd-sensors': _sensors(
        'HVD on cameras and cloud, the value of Table 9', 'hvd', *_RGB, 'cloud'
    ),
    'dp-il': _dp('Diffusion Policy imitates the demonstrations (Table 7)', 'bc'),
    'dp-hvd': _dp('Diffusion Policy by HVD (Table 7), the value of Table 9', 'hvd'),
    'tiny-dp-hvd': _dp('Diffusion Policy by HVD, so small that it is of no use', 'hvd', tiny=True),
    'wbvima-il': _wbvima('WB-VIMA imitates the demonstrations (Tables 5, 6)', 'bc'),
    'wbvima-hvd': _wbvima('WB-VIMA by HVD (Tables 5, 6), the value of Table 9', 'hvd'),
    'tiny-wbvima-hvd': _wbvima('WB-VIMA by HVD, so small that it is of no use', 'hvd', tiny=True),
    'pi0-il': _pi0('pi0 imitates the demonstrations, all weights learn', 'bc'),
    'pi0-il-lora': _pi0('the same by adapters (Table 8)', 'bc', 'lora'),
    'pi0-hvd': _pi0('pi0 by HVD, all weights learn', 'hvd'),
    'pi0-hvd-lora': _pi0('the same by adapters (Table 8), the value of Table 9', 'hvd', 'lora'),
    'tiny-pi0-hvd': _pi0('pi0 by HVD, so small that it is of no use', 'hvd', 'lora', 'tiny'),
    'ogbench-bc': _ogbench('imitate everything', 'bc'),
    'ogbench-iql': _ogbench('chunked IQL on OGBench', 'iql_awr'),
    'ogbench-idql': _ogbench('best of N on OGBench', 'idql'),
    'ogbench-hvd': _ogbench('HVD on OGBench', 'hvd'),
    'b1k-bc': _b1k('imitation on the 23 numbers of BEHAVIOR-1K', 'bc'),
    'b1k-hvd': _b1k('HVD on the 23 numbers of BEHAVIOR-1K (Tables 11 and 12)', 'hvd'),
    'fig1-arm-only': _fig1('one arm and its gripper, 7 numbers, the rest holds still', _ARM),
    'fig1-whole-body': _fig1('all 21 numbers, the same otherwise', ()),
    'tiny-bc': _tiny('a few steps of imitation, to see that all is there', 'bc'),
    'tiny-hvd': _tiny('a few steps of both phases, to see that all is there', 'hvd'),
}
