# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The shape of `hvd bench`, and its arithmetic on made-up messages with known answers."""

import json
import math
import sys
import types

import pytest

from hvd_ros.cli import main as cli


def plant(monkeypatch, figures):
    module = types.ModuleType('planted')
    module.measure = lambda quick, minutes: figures
    monkeypatch.setitem(sys.modules, 'hvd_ros.cli.benches.bus', module)


def test_the_last_line_is_one_flat_json_object(monkeypatch, capsys):
    plant(monkeypatch, {'rate_hz': 99.5, 'latency_ms_p99': math.nan})
    assert cli.main(['bench', 'bus', '--json']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == 'rate_hz         99.5'
    assert json.loads(lines[-1]) == {'rate_hz': 99.5, 'latency_ms_p99': None}


@pytest.mark.parametrize('words', [['bench', 'speed'], ['bench', 'bus', '--minutes', '-1']])
def test_bad_arguments(words, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert 'Traceback' not in capsys.readouterr().err


def test_parts_go_to_a_bench_that_has_some(monkeypatch, tmp_path, capsys):
    module, asked = types.ModuleType('planted'), {}
    module.CHOOSES = ('table1',)
    module.measure = lambda quick, minutes, **parts: asked.update(parts) or {'a': 1.0}
    monkeypatch.setitem(sys.modules, 'hvd_ros.cli.benches.bus', module)
    words = ['bench', 'bus', 'table1', 'fig4', '--work', str(tmp_path)]
    assert cli.main(words) == 0
    assert asked == {'of': ('table1', 'fig4'), 'work': tmp_path}
    plant(monkeypatch, {'rate_hz': 1.0})
    assert cli.main(words) == 2
    assert "bench 'bus' has no parts; leave table1 fig4" in capsys.readouterr().err


def test_the_bus_bench_has_its_keys():
    pytest.importorskip('dynamixel_sdk')
    from hvd_ros.cli.benches import bus as bench_bus

    figures = bench_bus.measure(quick=True, minutes=None)
    assert figures['motors'] == 16
    # What was measured can not beat the wire.
    assert 0 < figures['achieved_hz'] < figures['computed_wire_limit_hz']


@pytest.mark.ros
class TestCommandPath:
    """A path with a period of 10 ms, four late arrivals and 7 ms from leader to robot."""

    @pytest.fixture
    def heard(self):
        pytest.importorskip('hvd_msgs')
        from builtin_interfaces.msg import Time
        from hvd_msgs.msg import CommandTrace, WholeBodyCommand
        from sensor_msgs.msg import JointState

        from hvd_ros.cli.benches.teleop import Heard
        from hvd_ros.core.mux.command import Source

        def stamped(message, at_ns):
            message.header.stamp = Time(sec=at_ns // 10**9, nanosec=at_ns % 10**9)
            return message

        data = {'asked': [], 'command': [], 'trace': [], 'target': []}
        for i in range(200):
            tick_ns = 10**12 + i * 10_000_000
            arrival_ns = tick_ns + (3_000_000 if i % 50 == 25 else 0)
            asked = stamped(WholeBodyCommand(seq=i), tick_ns - 5_000_000)
            trace = stamped(CommandTrace(source=Source.TELEOP, source_seq=i), tick_ns)
            data['asked'].append(Heard(tick_ns, asked))
            data['command'].append(Heard(arrival_ns, stamped(WholeBodyCommand(), tick_ns)))
            data['trace'].append(Heard(tick_ns, trace))
            data['target'].append(Heard(tick_ns + 2_000_000, stamped(JointState(), tick_ns)))
        return data

    def test_known_answers(self, heard):
        from hvd_ros.cli.benches.teleop import command_path

        figures = command_path(**heard)
        assert figures['command_rate_hz'] == pytest.approx(100.0)
        assert figures['latency_ms_p99'] == pytest.approx(7.0)
        assert figures['period_error_ms_p99'] == pytest.approx(3.0, abs=0.1)
        assert figures['tick_error_ms_p99'] == pytest.approx(0.0)
        assert figures['engaged_percent'] == 100.0

    def test_only_the_operator_s_ticks_have_a_latency(self, heard):
        from hvd_ros.cli.benches.teleop import command_path

        for tick in heard['trace'][50:]:
            tick.message.source = 0
        for target in heard['target'][50:]:
            target.message.header.stamp.sec += 3
        figures = command_path(**heard)
        assert figures['engaged_percent'] == 25.0
        assert figures['latency_ms_p99'] == pytest.approx(7.0)


@pytest.mark.launch
@pytest.mark.ros
def test_the_teleop_bench_has_its_keys():
    from hvd_ros.cli.benches import teleop as bench_teleop

    figures = bench_teleop.measure(quick=True, minutes=None)
    promised = {
        'command_rate_hz', 'period_error_ms_p99', 'latency_ms_p99', 'cpu_percent',
        'memory_growth_mb',
    }  # fmt: skip
    assert promised <= set(figures)
    assert {f'cpu_percent_{node}' for node in bench_teleop.COUNTED} <= set(figures)
    assert all(math.isfinite(figures[key]) for key in promised)
    assert figures['engaged_percent'] > 0


@pytest.mark.launch
@pytest.mark.ros
def test_the_recorder_bench_has_its_keys():
    from hvd_ros.cli.benches import recorder as bench_recorder

    figures = bench_recorder.measure(quick=True, minutes=None)
    promised = {
        'dropped_frames', 'tick_error_ms_p99', 'memory_growth_mb', 'rss_mb', 'bytes_per_hour',
        'gb_per_hour', 'resolution', 'cpu_percent', 'command_gap_ms_max',
    }  # fmt: skip
    assert promised <= set(figures)
    assert all(math.isfinite(figures[key]) for key in promised)
    assert figures['frames'] > 30
    assert figures['resolution'] == 640 * 480


def test_the_body_bench_has_its_keys():
    pytest.importorskip('mujoco')
    from hvd_ros.cli.benches import body

    figures = body.measure(quick=True, minutes=None)
    assert all(key.endswith('_ms_p50') and value > 0 for key, value in figures.items())
    assert len(figures) == 4


def test_the_cloud_bench_has_its_keys(monkeypatch):
    from hvd_ros.cli.benches import cloud

    monkeypatch.setattr(cloud, 'SIZE', (160, 120))
    monkeypatch.setattr(cloud, '_INPUT', 8000)
    monkeypatch.setattr(cloud, '_POINTS', 512)
    figures = cloud.measure(quick=True, minutes=0.001)
    assert 0 < figures['cloud_ms_p50'] <= figures['cloud_ms_p99']
    assert figures['cameras'] == 3
    assert 0.95 <= figures['cover_ratio'] <= 1.05
    assert figures['ratio_vs_numpy'] > 0
    assert math.isnan(figures['thinned_cover_ratio'])
    assert {'decode_depth_ms_p50', 'self_filter_ms_p50', 'sample_ms_p50'} <= figures.keys()


def test_without_open3d_its_figures_are_null(monkeypatch):
    from hvd_ros.cli.benches import cloud

    monkeypatch.setitem(sys.modules, 'open3d', None)
    scene = cloud.np.random.default_rng(0).random((2000, 3), dtype='f4')
    monkeypatch.setattr(cloud, '_POINTS', 64)
    figures = cloud._sampling((scene, (scene * 255).astype('u1')), rounds=1)
    assert math.isnan(figures['ratio_vs_open3d'])
    assert figures['ratio_vs_numpy'] > 0
