// Copyright 2026 hvd_ros contributors
// SPDX-License-Identifier: Apache-2.0
// The labeller: what is open, what the keys do, and what is seen of it.

import { Frames } from '/frames.js';
import { Saving } from '/saving.js';
import { Timeline } from '/timeline.js';

const SPEEDS = [0.5, 1, 2, 4, 8];
const byId = (id) => document.getElementById(id);

const state = {
  author: '',
  episodes: [],
  index: -1,
  view: null,
  frames: null,
  frame: 0,
  shown: -1, // the frame whose images are on the screen
  stage: 0,
  mine: [],
  finished: false,
  playing: false,
  speed: Number(localStorage.getItem('speed')) || 4,
  others: true,
  undo: [],
  said: new Map(), // what was said here and may not be on disk yet
  next: null, // the episode after this one, loaded ahead
};

// Figures of how the page does, for tests and for whoever opens the console.
const figures = { keys: [], saves: [], frames: 0, stalled: 0, opened: [] };
window.hvd = { state, figures };

const timeline = new Timeline(byId('timeline'), (frame) => (pause(), seek(frame)));
const saving = new Saving(onSaved, onRefused, onSaveState);

// --- opening ---------------------------------------------------------------------------------

async function start() {
  const answer = await getJson('/api/episodes');
  state.episodes = answer.episodes;
  state.author = localStorage.getItem('author') || answer.author;
  const first = state.episodes.findIndex((_, index) => !isFinished(index));
  await open(first < 0 ? 0 : first);
}

async function open(index, frame = 0, play = true) {
  pause();
  const began = performance.now();
  const ahead = state.next?.index === index ? state.next : load(index);
  if (state.next !== ahead) state.next?.frames.close();
  state.next = null;
  let view;
  try {
    view = await ahead.view;
  } catch (error) {
    ahead.frames.close();
    state.index = index;
    state.view = null;
    trouble(`Episode ${index + 1}, ${state.episodes[index].name}: ${error.message}`);
    renderHead();
    return;
  }
  state.frames?.close();
  Object.assign(state, { index, view, frames: ahead.frames, shown: -1 });
  ahead.frames.count = view.frames;
  ahead.frames.onReady = (ready) => ready === state.frame && draw();
  takeMarks(view);
  trouble('');
  makeViews();
  seek(frame);
  figures.opened.push(performance.now() - began);
  if (play) playPause();
  loadNext();
}

function load(index) {
  const frames = new Frames(index, 1, () => {});
  frames.at(0);
  const author = encodeURIComponent(state.author);
  return { index, frames, view: getJson(`/api/episodes/${index}?author=${author}`) };
}

function loadNext() {
  const index = nextUnfinished();
  if (index === null || index === state.index) return;
  state.next = load(index);
  state.next.view.catch(() => {});
}

async function getJson(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

function takeMarks(view) {
  const said = state.said.get(key(state.index));
  state.mine = said?.marks ?? view.marks.filter((mark) => mark.author === state.author);
  state.finished = said?.finished ?? view.finished.includes(state.author);
  state.stage = firstOpenStage();
  render();
}

const key = (index) => `${index} ${state.author}`;

function isFinished(index) {
  const said = state.said.get(key(index));
  return said ? said.finished : state.episodes[index].finished.includes(state.author);
}

function nextUnfinished() {
  const count = state.episodes.length;
  for (let n = 1; n <= count; n++) {
    const index = (state.index + n) % count;
    if (!isFinished(index) && !state.episodes[index].error) return index;
  }
  return null;
}

// --- moving in time --------------------------------------------------------------------------

let clock = null; // where and when playing began; moved when images are late

function playPause() {
  if (state.playing) return pause();
  if (state.frame >= state.view.frames - 1) seek(0);
  state.playing = true;
  clock = { frame: state.frame, time: performance.now() };
  renderClock();
  requestAnimationFrame(tick);
}

function pause() {
  state.playing = false;
  if (state.view) renderClock();
}

function tick() {
  if (!state.playing) return;
  const now = performance.now();
  const passed = ((now - clock.time) / 1000) * state.view.rate_hz * state.speed;
  const due = Math.min(clock.frame + Math.floor(passed), state.view.frames - 1);
  if (due > state.frame) {
    let reached = state.frame;
    while (reached < due && state.frames.get(reached + 1)) reached++;
    if (reached < due) {
      figures.stalled++;
      clock = { frame: reached, time: now };
    }
    if (reached > state.frame) {
      figures.frames++;
      show(reached, 1);
    }
  }
  if (state.frame >= state.view.frames - 1) return pause();
  requestAnimationFrame(tick);
}

function seek(frame) {
  const to = Math.max(0, Math.min(frame, state.view.frames - 1));
  if (state.playing) clock = { frame: to, time: performance.now() };
  show(to, to < state.frame && !state.playing ? -1 : 1);
}

function show(frame, direction) {
  state.frame = frame;
  // While it plays, what comes next matters more than where one could jump.
  state.frames.at(frame, direction, state.playing ? [] : jumps(frame));
  draw();
  timeline.playhead(frame);
  renderClock();
}

function jump(direction) {
  pause();
  const places = stops().map((stop) => stop.frame);
  const next =
    direction > 0
      ? places.find((frame) => frame > state.frame)
      : places.findLast((frame) => frame < state.frame);
  if (next !== undefined) seek(next);
}

// Where the next two jumps ahead and the next one back would lead.
function jumps(from) {
  const places = stops().map((stop) => stop.frame);
  const back = places.filter((frame) => frame < from).slice(-1);
  return [...new Set([...places.filter((frame) => frame > from).slice(0, 2), ...back])];
}

// Where a stage may end: what was measured, and what others marked.
function stops() {
  const marks = others().map((mark) => ({
    frame: mark.frame,
    what: `${mark.author}: stage ${mark.stage + 1} = ${mark.score}`,
  }));
  return [...state.view.events, ...marks].sort((a, b) => a.frame - b.frame);
}

function changeSpeed(step) {
  const at = SPEEDS.indexOf(state.speed) + step;
  state.speed = SPEEDS[Math.max(0, Math.min(at, SPEEDS.length - 1))];
  localStorage.setItem('speed', state.speed);
  if (state.playing) clock = { frame: state.frame, time: performance.now() };
  renderClock();
}

// --- marking ---------------------------------------------------------------------------------

function score(value) {
  const mark = {
    frame: state.frame,
    stage: state.stage,
    score: value,
    author: state.author,
    at: new Date().toISOString(),
  };
  say([...state.mine.filter((other) => other.stage !== state.stage), mark], state.finished);
  state.stage = firstOpenStage(state.stage);
  render();
}

function unmark() {
  say(state.mine.filter((mark) => mark.stage !== state.stage), state.finished);
  render();
}

function say(marks, finished) {
  state.undo.push({
    index: state.index,
    marks: state.mine,
    finished: state.finished,
    frame: state.frame,
    stage: state.stage,
  });
  put(marks, finished);
}

function put(marks, finished) {
  state.mine = [...marks].sort((a, b) => a.stage - b.stage);
  state.finished = finished;
  const wish = { author: state.author, marks: state.mine, finished };
  state.said.set(key(state.index), wish);
  figures.saves.push({ began: performance.now() });
  saving.put(state.index, wish);
}

async function undo() {
  const last = state.undo.pop();
  if (!last) return;
  if (last.index !== state.index) await open(last.index, last.frame, false);
  if (!state.view) return;
  pause();
  put(last.marks, last.finished);
  state.stage = last.stage;
  seek(last.frame);
  render();
}

// From the stage after this one on; the last one when all are marked.
function firstOpenStage(after = -1) {
  const count = state.view.stages.length;
  const marked = new Set(state.mine.map((mark) => mark.stage));
  for (let stage = after + 1; stage < count; stage++) if (!marked.has(stage)) return stage;
  return after < 0 ? count - 1 : after;
}

async function done() {
  say(state.mine, true);
  const next = nextUnfinished();
  render();
  if (next === null) pause();
  else await open(next);
}

function onSaved(index, wish, answer) {
  const open_ = figures.saves.find((save) => save.ended === undefined);
  if (open_) open_.ended = performance.now();
  state.episodes[index].finished = answer.finished;
  if (index !== state.index || wish.author !== state.author) return;
  Object.assign(state.view, answer);
  renderTimeline();
  renderStages();
}

async function onRefused(index, wish, text) {
  state.said.delete(`${index} ${wish.author}`);
  state.undo.pop();
  if (index === state.index) {
    const author = encodeURIComponent(state.author);
    const view = await getJson(`/api/episodes/${index}?author=${author}`).catch(() => null);
    if (view && index === state.index) {
      state.view = view;
      takeMarks(view);
    }
  }
  trouble(text);
}

function onSaveState(now) {
  const [text, look] = {
    saving: ['saving', 'busy'],
    saved: ['saved', 'good'],
    failed: ['NOT SAVED, trying again', 'bad'],
    refused: ['not taken', 'bad'],
  }[now];
  byId('saved').textContent = text;
  byId('saved').className = `chip ${look}`;
}

// --- keys ------------------------------------------------------------------------------------

const KEYS = {
  ' ': () => playPause(),
  ArrowLeft: (event) => (pause(), seek(state.frame - (event.shiftKey ? second() : 1))),
  ArrowRight: (event) => (pause(), seek(state.frame + (event.shiftKey ? second() : 1))),
  ArrowDown: () => jump(1),
  ArrowUp: () => jump(-1),
  n: () => jump(1),
  p: () => jump(-1),
  Home: () => (pause(), seek(0)),
  End: () => (pause(), seek(state.view.frames - 1)),
  '+': () => changeSpeed(1),
  '=': () => changeSpeed(1),
  '-': () => changeSpeed(-1),
  0: () => score(0),
  5: () => score(0.5),
  1: () => score(1),
  Tab: (event) => turnStage(event.shiftKey ? -1 : 1),
  Backspace: () => unmark(),
  z: () => undo(),
  Enter: () => done(),
  o: () => ((state.others = !state.others), render()),
  u: () => askUser(),
  '?': () => byId('help').showModal(),
};
// These work although the open episode can not be shown.
const ALWAYS = {
  PageDown: () => open((state.index + 1) % state.episodes.length),
  PageUp: () => open((state.index + state.episodes.length - 1) % state.episodes.length),
};
const ONCE = new Set(['0', '5', '1', 'Enter', ' ', 'Backspace', 'PageUp', 'PageDown']);

window.addEventListener('keydown', (event) => {
  if (document.querySelector('dialog[open]')) return;
  if (event.altKey || event.metaKey || (event.ctrlKey && event.key !== 'z')) return;
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const act = ALWAYS[name] ?? (state.view ? KEYS[name] : undefined);
  if (!act) return;
  event.preventDefault();
  // A key that lies down must not score stage after stage.
  if (event.repeat && ONCE.has(name)) return;
  const entry = { key: name, began: performance.now() };
  figures.keys.push(entry);
  act(event);
  whenShown(entry);
});

const second = () => Math.round(state.view.rate_hz);

function turnStage(step) {
  const count = state.view.stages.length;
  state.stage = (state.stage + step + count) % count;
  render();
}

// Note when the picture that a key asked for was on its way to the screen.
let unshown = [];

function whenShown(entry) {
  unshown.push(entry);
  if (state.shown === state.frame) settle();
}

function settle() {
  const entries = unshown;
  unshown = [];
  requestAnimationFrame(() => {
    for (const entry of entries) entry.ended = performance.now();
  });
}

function askUser() {
  pause();
  byId('username').value = state.author;
  byId('user').returnValue = '';
  byId('user').showModal();
  byId('username').select();
}

byId('user').querySelector('form').addEventListener('submit', () => {
  const name = byId('username').value.trim();
  if (!name || name === state.author) return;
  localStorage.setItem('author', name);
  state.author = name;
  state.undo = [];
  open(state.index, state.frame, false);
});

// --- seeing ----------------------------------------------------------------------------------

function makeViews() {
  const views = state.view.cameras.map((camera) => {
    const view = document.createElement('div');
    view.className = 'view';
    const name = document.createElement('span');
    name.textContent = camera.replaceAll('_', ' ');
    view.append(document.createElement('canvas'), name);
    return view;
  });
  byId('views').replaceChildren(...views);
}

function draw() {
  const bitmaps = state.frames.get(state.frame);
  if (!bitmaps) return;
  for (const [n, canvas] of byId('views').querySelectorAll('canvas').entries()) {
    const bitmap = bitmaps[n];
    const pen = canvas.getContext('2d');
    if (!bitmap) {
      pen.clearRect(0, 0, canvas.width, canvas.height);
    } else {
      if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
      if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
      pen.drawImage(bitmap, 0, 0);
    }
    canvas.parentElement.classList.toggle('empty', !bitmap);
  }
  state.shown = state.frame;
  renderClock();
  if (unshown.length) settle();
}

const others = () =>
  state.others ? state.view.marks.filter((mark) => mark.author !== state.author) : [];

function render() {
  renderHead();
  renderStages();
  renderTimeline();
  renderClock();
}

function renderHead() {
  const { view } = state;
  byId('title').textContent = view?.title ?? 'hvd label';
  byId('prompt').textContent = view ? `“${view.prompt}”` : '';
  byId('kind').textContent = view ? view.kind + (view.healthy ? '' : ', below its floor') : '';
  byId('name').textContent = state.episodes[state.index]?.name ?? '';
  byId('author').textContent = state.author;
  const done = state.episodes.filter((_, index) => isFinished(index)).length;
  const count = `${state.index + 1} of ${state.episodes.length}, ${done} done`;
  byId('count').textContent = state.finished && view ? `${count} (this one too)` : count;
}

function renderStages() {
  const items = state.view.stages.map((stage, n) => {
    const item = document.createElement('li');
    item.className = n === state.stage ? 'stage current' : 'stage';
    const head = document.createElement('h2');
    head.append(`${n + 1}. ${stage.name}`);
    const own = state.mine.find((mark) => mark.stage === n);
    if (own) head.append(badge(own.score));
    const rubric = document.createElement('div');
    rubric.className = 'rubric';
    for (const [value, text] of stage.rubric) {
      const words = document.createElement('span');
      words.textContent = text;
      rubric.append(badge(value), words);
    }
    item.append(head, rubric, saidOf(n));
    return item;
  });
  byId('stages').replaceChildren(...items);
  renderAdvice();
}

// Who said what about a stage, and what counts in the end.
function saidOf(stage) {
  const line = document.createElement('div');
  line.className = 'said';
  if (!state.others) return line;
  const counts = state.view.resolved.find((row) => row[1] === stage);
  for (const mark of state.view.marks.filter((m) => m.stage === stage)) {
    const word = document.createElement('span');
    word.textContent = `${mark.author}: ${mark.score} at ${time(mark.frame)}`;
    line.append(word);
  }
  if (counts) {
    const word = document.createElement('b');
    word.textContent = `counts: ${counts[2]} at ${time(counts[0])}`;
    line.append(word);
  }
  return line;
}

function badge(value) {
  const mark = document.createElement('span');
  mark.className = `score s${value === 0.5 ? 5 : value}`;
  mark.textContent = value;
  return mark;
}

function renderAdvice() {
  const all = state.mine.length === state.view.stages.length;
  const over = state.finished && nextUnfinished() === null;
  byId('advice').className = all || over ? 'go' : '';
  byId('advice').textContent = over
    ? 'All episodes are done. Ctrl-C in the terminal ends the server.'
    : all
      ? 'Every stage is marked: Enter for the next episode.'
      : 'Go to where the stage ends and press 0, 5 or 1. Leave out what was not reached, then Enter.';
}

function renderTimeline() {
  timeline.show(state.view, state.author, state.mine, others());
}

const time = (frame) => `${(frame / state.view.rate_hz).toFixed(1)} s`;

function renderClock() {
  const { view, frame } = state;
  if (!view) return;
  byId('now').textContent = `${time(frame)} of ${time(view.frames - 1)}, frame ${frame}`;
  const late = state.shown === frame ? '' : ', loading';
  byId('speed').textContent = `${state.playing ? 'playing' : 'paused'} at ${state.speed}x${late}`;
  const here = stops().filter((stop) => stop.frame === frame);
  byId('event').textContent = here.map((stop) => stop.what).join(', ');
}

function trouble(text) {
  byId('trouble').textContent = text;
  byId('trouble').hidden = !text;
}

start().catch((error) => trouble(`The server does not answer: ${error.message}`));
