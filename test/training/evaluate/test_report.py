# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What an evaluation leaves behind: a folder that belongs to it, numbers, a page, films."""

from html.parser import HTMLParser
import json
from pathlib import Path
import re

import av
import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError
from hvd_ros.sim.robot import SimulationBroken
from hvd_ros.sim.task_env import TaskEnv
from hvd_ros.sim.tasks.pen_insert import PenInsert
from hvd_training.cli import evaluate as verb
from hvd_training.evaluate import identity
from hvd_training.evaluate.evaluation import evaluate, methods_of, plan_of
from hvd_training.evaluate.films import Take, choose, film, write_mp4
from hvd_training.evaluate.folder import claim
from hvd_training.evaluate.outcome import Ending, Outcome
from hvd_training.evaluate.page import html
from hvd_training.evaluate.report import Setup, report
from hvd_training.evaluate.specs import Spec
from hvd_training.evaluate.tables import Evaluation
from hvd_training.evaluate.words import p_value, short, text
from test.training.evaluate.made_outcomes import SEEDS, played, scored

HERE = 'test.training.evaluate.scripted_env'


@pytest.fixture(autouse=True)
def short_and_steady(monkeypatch):
    monkeypatch.setattr(PenInsert, 'limit_s', 0.5)
    monkeypatch.setattr(identity, '_WORLD', ('seeds.py',))


def setup(*specs, groups=(), tasks=('pen_insert',), settings=('usual',), episodes=2, **choices):
    methods = methods_of(specs, groups)
    seeds = tuple(SEEDS[:episodes])
    return Setup(plan_of(methods, tasks=tasks, settings=settings, seeds=seeds, **choices),
                 methods, 'test')  # fmt: skip


class Page(HTMLParser):
    """Collects tags, what they point at, and text."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.links, self.text = [], [], ''
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ('src', 'href', 'poster')]

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """Evaluate two controls with pictures, once for several tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PenInsert, 'limit_s', 0.5)
        patch.setattr(identity, '_WORLD', ('seeds.py',))
        out = tmp_path_factory.mktemp('evaluation') / 'out'
        evaluate(setup('nothing', 'random', settings=('usual', 'pose')), out, films=1)
    return out


def test_the_page_needs_nothing_but_itself(whole):
    source = (whole / 'report.html').read_text()
    page = Page(source)
    assert not {'script', 'link', 'iframe'} & set(page.tags)
    assert page.links
    assert all(link.startswith('data:') for link in page.links)
    assert '@import' not in source
    assert not re.findall(r'url\(', source)


def test_the_page_says_what_the_report_says(whole):
    found = json.loads((whole / 'report.json').read_text())
    page = Page((whole / 'report.html').read_text())
    assert page.tags.count('video') == page.tags.count('img') == 4  # 2 policies, 2 settings
    assert page.tags.count('svg') == 2
    for words in ('nothing', 'random', 'Perturbations', 'Stages', 'Against “nothing”'):
        assert words in page.text
    assert found['setup']['first_seed'] == SEEDS[0]
    assert {(c['method'], c['setting']) for c in found['cells']} == {
        (m, s) for m in ('nothing', 'random') for s in ('usual', 'pose')
    }
    assert len(found['episodes']) == 8
    assert found['problems'] == []


def test_what_a_policy_is_called_can_not_become_part_of_the_page():
    results = {Spec('module', 'a:<script>alert(1)</script>'): played([1, 0])}
    made = setup('nothing')
    methods = (type(made.methods[0])('<script>x</script>', tuple(results)),)
    found = Evaluation(methods, results, ('pen_insert',), ('usual',), 2)
    ids = {str(spec): 'id' for spec in results}
    source = html(report(Setup(made.plan, methods, 'test'), found, ids), {}, [])
    assert '<script' not in source


def test_running_the_same_again_plays_nothing_and_more_episodes_add_to_it(tmp_path):
    out, told = tmp_path / 'out', []
    evaluate(setup('nothing'), out)
    evaluate(setup('nothing', episodes=3), out, tell=lambda *a: told.append(a))
    assert [known for _, _, known in told] == [True, True, False]


@pytest.mark.parametrize(
    ('other', 'key'),
    [
        ({'specs': ('random',)}, 'methods'),
        ({'specs': ('nothing',), 'tasks': ('cup_upright',)}, 'tasks'),
        ({'specs': ('nothing',), 'settings': ('pose',)}, 'settings'),
    ],
)
def test_the_folder_of_another_evaluation_is_left_alone(tmp_path, other, key):
    out = tmp_path / 'out'
    evaluate(setup('nothing', episodes=1), out)
    with pytest.raises(ConfigError, match=f"another evaluation: its '{key}'.*another --out"):
        evaluate(setup(*other.pop('specs'), episodes=1, **other), out)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / 'thesis.tex').write_text('years of work')
    with pytest.raises(ConfigError, match='holds no evaluation'):
        claim(tmp_path, {})
    assert [p.name for p in tmp_path.iterdir()] == ['thesis.tex']


def test_a_damaged_folder_is_said_to_be_so(tmp_path):
    (tmp_path / 'evaluation.json').write_text('{')
    with pytest.raises(ConfigError, match='not readable'):
        claim(tmp_path, {})


def test_a_policy_that_failed_is_a_problem_and_not_a_figure():
    made = setup('nothing')
    failed = Outcome('pen_insert', 'usual', SEEDS[0], Ending.POLICY_ERROR, error='it said NaN')
    results = {made.methods[0].specs[0]: [failed]}
    found = Evaluation(made.methods, results, ('pen_insert',), ('usual',), 2)
    whole = report(made, found, {'nothing': 'id'})
    assert f"policy 'nothing' failed in pen_insert, setting 'usual', seed {SEEDS[0]}" in text(
        whole
    )
    assert 'policy failed' in text(whole)
    assert 'it said NaN' in html(whole, {}, [])
    json.dumps(whole, allow_nan=False)


def test_many_blow_ups_are_counted_instead_of_listed():
    made = setup('nothing')
    blown = [Outcome('pen_insert', 'usual', s, Ending.BLOW_UP, error='x') for s in SEEDS[:9]]
    results = {made.methods[0].specs[0]: [*blown, *played([0] * 10)[9:]]}
    found = Evaluation(made.methods, results, ('pen_insert',), ('usual',), 10)
    problems = report(made, found, {'nothing': 'id'})['problems']
    assert len(problems) == 4
    assert '9 episodes' in problems[-1]


def test_the_first_failures_and_one_success_are_filmed():
    rows = played([1, 0, 1, 0, 0])
    assert [o.seed - SEEDS[0] for o in choose(rows, 2)] == [1, 3, 0]
    assert choose(rows, 0) == []


def test_a_film_plays_everywhere_and_shows_what_was_given(tmp_path):
    frames = [np.full((240, 320, 3), 40 * i, np.uint8) for i in range(6)]
    write_mp4(frames, tmp_path / 'film.mp4')
    with av.open(str(tmp_path / 'film.mp4')) as source:
        stream = source.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ('h264', 'yuv420p')
        assert float(stream.average_rate) == 20
        shown = [frame.to_ndarray(format='rgb24').mean() for frame in source.decode(video=0)]
    assert shown == pytest.approx([40 * i for i in range(6)], abs=4)


def test_an_episode_that_goes_otherwise_when_filmed_says_so(tmp_path):
    outcome = scored([(1,)], task='pen_insert')[0]
    take = Take('nothing', Spec('nothing'), outcome, 'r1', 'depth', tmp_path / 'film.mp4')
    made = film(take)
    assert not made.faithful
    found = Evaluation(setup('nothing').methods, {Spec('nothing'): [outcome]}, ('pen_insert',),
                       ('usual',), 1)  # fmt: skip
    problems = report(setup('nothing'), found, {'nothing': 'id'}, [made])['problems']
    assert 'not reproducible' in problems[0]


def arguments(*words):
    import argparse

    parser = argparse.ArgumentParser()
    verb.add_arguments(parser)
    return parser.parse_args(list(words))


def test_the_verb_prints_tables_and_one_flat_line(tmp_path, capsys):
    words = ('nothing', '--tasks', 'pen_insert', '--episodes', '2', '--videos', '0', '--json')
    assert verb.run(arguments(*words, '--out', str(tmp_path / 'out'))) == 0
    lines = capsys.readouterr().out.splitlines()
    assert json.loads(lines[-1]) == {
        'nothing_pen_insert_usual_strict': 0.0,
        'nothing_pen_insert_usual_loose': 0.0,
        'nothing_pen_insert_usual_score': 0.0,
    }
    assert any(re.search(r'nothing +every stage 1 +\.00 \[\.00,\.66\]', line) for line in lines)


def test_the_verb_ends_with_1_when_a_policy_failed(tmp_path, capsys):
    words = (f'{HERE}:SaysNan', '--tasks', 'pen_insert', '--episodes', '2', '--videos', '1')
    assert verb.run(arguments(*words, '--out', str(tmp_path / 'out'))) == 1
    out = capsys.readouterr().out
    assert f'seed {SEEDS[0]}' in out
    assert 'policy failed' in out


def test_the_verb_ends_with_1_when_every_episode_blew_up(tmp_path, capsys, monkeypatch):
    def step(env, action):
        raise SimulationBroken('the physics broke')

    monkeypatch.setattr(TaskEnv, 'step', step)
    words = ('nothing', '--tasks', 'pen_insert', '--episodes', '2', '--videos', '0')
    assert verb.run(arguments(*words, '--out', str(tmp_path / 'out'))) == 1
    assert 'all blew up' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        ((), 'which policy'),
        (('nothing', 'nothing'), 'named twice'),
        (('nothing', '--tasks', 'pen_insrt'), "did you mean 'pen_insert'"),
        (('nothing', '--tasks', 'pen_insert', 'pen_insert'), 'each once'),
        (('nothing', '--settings', 'regoin'), "did you mean 'region'"),
        (('nothing', '--episodes', '0'), 'start at 1'),
        (('nothing', '--workers', '0'), 'start at 1'),
        (('nothing', '--seeds', 'generation'), "'test' or 'validation'"),
        (('nothing', '--cloud', 'ray'), "did you mean 'rays'"),
        (('nothing', '--baseline', 'bc'), 'valid: nothing'),
        (('--group', 'bc'), 'write name=SPEC,SPEC'),
        (('--group', 'bc=nothing,nothing'), 'named twice'),
        (('expert', '--sensors-only'), 'only a simulation knows'),
        (('nothing', '--body', 'r2'), 'r1'),
    ],
)
def test_what_is_asked_wrongly_is_one_clear_message_and_leaves_nothing(words, message, tmp_path):
    out = tmp_path / 'out'
    with pytest.raises(ConfigError, match=re.escape(message)):
        verb.run(arguments(*words, '--out', str(out)))
    assert not Path(out).exists()


def test_numbers_are_written_as_one_reads_them():
    assert [short(v) for v in (0.0, 0.125, 0.996, 1.0, -0.25)] == [
        '.00', '.12', '1.00', '1.00', '-.25',
    ]  # fmt: skip
    assert [p_value(p) for p in (None, 0.0004, 0.04, 1.0)] == ['-', '<.001', '.040', '1.000']


def test_evaluations_may_share_their_episodes(tmp_path, capsys):
    words = (
        'nothing',
        '--tasks',
        'pen_insert',
        '--videos',
        '0',
        '--cache',
        str(tmp_path / 'kept'),
    )
    verb.run(arguments(*words, '--episodes', '1', '--out', str(tmp_path / 'one')))
    (path,) = (tmp_path / 'kept').rglob('*.jsonl')
    verb.run(arguments(*words, '--episodes', '2', '--out', str(tmp_path / 'two')))
    assert len(path.read_text().splitlines()) == 2
    assert not (tmp_path / 'one' / 'episodes').exists()
