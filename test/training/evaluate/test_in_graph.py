# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Episodes that another process plays: what it is asked, and what its answer becomes."""

import sys

import pytest

from hvd_ros.core.errors import ConfigError
from hvd_training.evaluate.in_graph import EpisodeLost, GraphDesk, refuse_undeployable, words
from hvd_training.evaluate.outcome import Ending
from hvd_training.evaluate.runner import Job, Plan, run
from hvd_training.evaluate.specs import Spec

JOB = Job(Spec('module', 'm:Policy'), 'pen_insert', 'usual', 5, 'r1', 'rays')
ANSWER = '{"scores": [1.0], "since_s": [12.34], "duration_s": 12.4, "held": 0}'


def standin(code: str) -> tuple[str, ...]:
    """Return what takes the place of `hvd`; it may look at its arguments."""
    return (sys.executable, '-c', f'import sys\n{code}')


def test_the_last_line_of_the_verb_becomes_an_outcome():
    code = (
        f"assert '--json' in sys.argv and '5' in sys.argv\nprint('1 success')\nprint('{ANSWER}')"
    )
    outcome = GraphDesk(standin(code)).play(JOB)
    assert (outcome.ending, outcome.scores, outcome.stage_ends) == (Ending.PLAYED, (1.0,), (123,))
    assert (outcome.seed, outcome.duration_s, outcome.strict) == (5, 12.4, True)


def test_an_episode_without_a_score_is_an_error_with_the_words_of_the_verb():
    code = "print('error: the mux refuses', file=sys.stderr)\nsys.exit(1)"
    with pytest.raises(EpisodeLost, match='m:Policy in pen_insert, seed 5: error: the mux'):
        GraphDesk(standin(code)).play(JOB)


def test_a_bundle_is_named_by_its_folder_and_the_rest_as_it_was():
    assert words(JOB)[1] == 'm:Policy'
    assert words(Job(Spec('bundle', '/b'), 'pen_insert', 'usual', 0, 'r1', 'depth'))[1] == '/b'


def test_operators_and_two_graphs_at_once_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="'expert' does not run in the graph"):
        refuse_undeployable([Spec('expert')], 1)
    with pytest.raises(ConfigError, match='one by one'):
        refuse_undeployable([Spec('run', '/r')], 2)


def test_live_and_headless_episodes_are_never_mixed_up(tmp_path, monkeypatch):
    monkeypatch.setattr('hvd_training.evaluate.in_graph.HVD', ())
    monkeypatch.setattr(GraphDesk, 'play', lambda self, job: pytest.fail('played'))
    spec = Spec('nothing')
    alone = Plan((spec,), ('pen_insert',), ('usual',), (3,))
    assert run(alone, tmp_path)[spec][0].seed == 3
    live = Plan((spec,), ('pen_insert',), ('usual',), (3,), graph=True)
    with pytest.raises(pytest.fail.Exception, match='played'):
        run(live, tmp_path)
