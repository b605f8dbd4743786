# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A policy by a line of text: ours, another distribution's, or anybody's object."""

from importlib import metadata

import pytest

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_ros.core.robot.description import load_body
from hvd_ros.sim.policies import opening
from hvd_ros.sim.policies.opening import open_policy, sha256_of
from test.sim.generate.quick_policy import Still

BODY = load_body('r1')
HERE = 'test.sim.generate.quick_policy'


def from_path(path):
    """Make what another distribution would make of a path."""
    made = Still()
    made.path = path
    return made


@pytest.fixture
def others(monkeypatch):
    entry = metadata.EntryPoint('run', f'{__name__}:from_path', opening.GROUP)
    monkeypatch.setattr(metadata, 'entry_points', lambda group: [entry] if group == opening.GROUP
                        else [])  # fmt: skip


def test_another_distribution_adds_a_kind(others, tmp_path):
    assert open_policy(f'run:{tmp_path}', BODY).path == tmp_path
    with pytest.raises(ConfigError, match="did you mean 'run'"):
        open_policy('rum:some/where', BODY)
    with pytest.raises(ConfigError, match="there is nothing at 'some/where'"):
        open_policy('run:some/where', BODY)


def test_an_object_a_class_or_a_function_of_a_module():
    assert isinstance(open_policy(f'{HERE}:Still', BODY), Still)


@pytest.mark.parametrize(
    ('spec', 'error', 'said'),
    [
        ('', ConfigError, "policy ''"),
        ('neighbours:', ConfigError, "there is nothing at ''"),
        ('no_such_module:thing', ConfigError, "no module 'no_such_module'"),
        (f'{HERE}:Absent', ConfigError, 'can not be made: AttributeError'),
        (f'{HERE}:nothing', ContractMismatch, 'is no policy: it has no name, needs, execute'),
        (f'{HERE}:Foreign', ContractMismatch, 'layout 0000000000000007'),
    ],
)
def test_what_is_no_policy_is_refused_with_what_it_could_be(spec, error, said):
    with pytest.raises(error) as refused:
        open_policy(spec, BODY)
    assert said in str(refused.value)


def test_the_file_of_a_spec_has_a_hash_that_changes_with_it(tmp_path):
    path = tmp_path / 'n.npz'
    path.write_bytes(b'one')
    first = sha256_of(f'neighbours:{path}')
    path.write_bytes(b'two')
    assert len(first) == 64
    assert sha256_of(f'neighbours:{path}') != first
    assert sha256_of(f'{HERE}:Still') == ''
