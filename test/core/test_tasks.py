# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The five tasks: the paper's exact prompts and numbers of stages, and a lab's own."""

import pytest

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.share import user_config_dir
from hvd_ros.core.tasks import SCORES, load_task, task_names

PROMPTS = {
    'pen_insert': (1, 'pick the pen and put it into the holder'),
    'cup_upright': (1, 'pick the cup and put it onto the coaster'),
    'wipe_board': (3, 'move to the whiteboard and clean the whiteboard'),
    'basket_carry': (
        4,
        'move to the storage box, pick up the storage box and place it on the table, '
        'then put the pen on the table into the box',
    ),
    'trash_dispose': (
        4,
        'Open the trash bin, turn around, pick up the trash on the chair and put it into the bin, '
        'then close the bin.',
    ),
}


def test_the_tasks_are_the_papers():
    assert set(task_names()) == set(PROMPTS)


@pytest.mark.parametrize('name', PROMPTS)
def test_prompt_and_stages_are_the_papers_and_every_score_is_explained(name):
    task = load_task(name)
    assert (len(task.stages), task.prompt) == PROMPTS[name]
    for stage in task.stages:
        assert set(stage.rubric) == set(SCORES)
        assert len(set(stage.rubric.values())) == 3


def own(name, text):
    folder = user_config_dir() / 'tasks'
    folder.mkdir(parents=True)
    (folder / f'{name}.yaml').write_text(text)


GOOD = (
    'name: fold\ntitle: Fold\nprompt: fold it\n'
    "stages: [{name: fold, '0': no, '0.5': partly so, '1': well}]\n"
)


def test_a_lab_adds_its_own():
    own('fold', GOOD.replace("'0': no", "'0': not"))
    assert load_task('fold').stage_names == ('fold',)
    assert 'fold' in task_names()


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        (GOOD, '0 must be a text, found False'),  # what YAML makes of a bare no
        (GOOD.replace("'1'", "'2'"), 'not a task'),
        ('name: [', 'not a task'),
        ('3', 'not a task'),
        (GOOD.replace('name: fold\n', 'name: other\n').replace(': no', ': bad'), 'calls itself'),
        ('name: fold\ntitle: Fold\nprompt: fold it\nstages: []\n', '0 stages; allowed: 1 to'),
    ],
)
def test_a_file_that_is_no_task_is_refused_by_name(text, words):
    own('fold', text)
    with pytest.raises(ConfigError, match=words) as error:
        load_task('fold')
    assert 'fold.yaml' in str(error.value)


def test_an_unknown_task_names_the_closest():
    with pytest.raises(ConfigError, match="did you mean 'pen_insert'"):
        load_task('pen_inser')
