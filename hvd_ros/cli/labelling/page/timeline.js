// Copyright 2026 hvd_ros contributors
// SPDX-License-Identifier: Apache-2.0
// The timeline: whose marks where, likely ends, the return so far, asked and measured.

const COLORS = { 0: '#e5534b', 0.5: '#d9a13b', 1: '#3fb168' };
const LABELS = 100; // width of the names at the left
const ROW = 17;
const AXIS = 14;

export class Timeline {
  constructor(canvas, onSeek) {
    this.canvas = canvas;
    this.still = document.createElement('canvas'); // all but the playhead
    canvas.addEventListener('pointerdown', (event) => onSeek(this.frameAt(event.offsetX)));
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.resize();
  }

  resize() {
    const scale = window.devicePixelRatio;
    for (const canvas of [this.canvas, this.still]) {
      canvas.width = this.canvas.clientWidth * scale;
      canvas.height = this.canvas.clientHeight * scale;
      canvas.getContext('2d').setTransform(scale, 0, 0, scale, 0, 0);
    }
    if (this.view) this.redraw();
  }

  // view: the episode; mine: marks of the author; others: visible marks of everybody else.
  show(view, author, mine, others) {
    Object.assign(this, { view, author, mine, others });
    this.redraw();
  }

  x(frame) {
    const width = this.canvas.clientWidth - LABELS - 8;
    return LABELS + (width * frame) / Math.max(1, this.view.frames - 1);
  }

  frameAt(x) {
    const part = (x - LABELS) / (this.canvas.clientWidth - LABELS - 8);
    return Math.round(part * (this.view.frames - 1));
  }

  redraw() {
    const pen = this.still.getContext('2d');
    pen.clearRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    pen.font = '11px system-ui, "DejaVu Sans", sans-serif';
    pen.textBaseline = 'middle';
    let y = this.events(pen, 0);
    y = this.marks(pen, this.author, this.mine, y, true);
    for (const [name, marks] of Object.entries(Object.groupBy(this.others, (m) => m.author))) {
      if (y < 90) y = this.marks(pen, name, marks, y, false);
    }
    y += 3;
    // Whatever height is left goes to the curves.
    const room = this.canvas.clientHeight - AXIS - y;
    this.height = Math.max(14, Math.floor(room / (1 + this.view.strips.length)));
    y = this.reward(pen, y);
    for (const strip of this.view.strips) y = this.strip(pen, strip, y);
    this.axis(pen, y);
    this.playhead(this.frame ?? 0);
  }

  name(pen, text, y, color = '#98a2ae') {
    pen.fillStyle = color;
    pen.fillText(text.length > 14 ? `${text.slice(0, 13)}…` : text, 2, y);
  }

  events(pen, y) {
    this.name(pen, 'likely ends', y + 7);
    pen.fillStyle = '#5aa9f5';
    for (const { frame } of this.view.events) {
      const x = this.x(frame);
      pen.beginPath();
      pen.moveTo(x - 4, y + 2);
      pen.lineTo(x + 4, y + 2);
      pen.lineTo(x, y + 11);
      pen.fill();
    }
    return y + 14;
  }

  marks(pen, name, marks, y, bold) {
    this.name(pen, name, y + ROW / 2, bold ? '#e6e9ed' : '#98a2ae');
    pen.fillStyle = '#262c34';
    pen.fillRect(LABELS, y + 1, this.x(this.view.frames - 1) - LABELS, ROW - 3);
    let from = 0;
    for (const mark of [...marks].sort((a, b) => a.frame - b.frame)) {
      const [left, right] = [this.x(from), this.x(mark.frame)];
      pen.globalAlpha = bold ? 0.55 : 0.35;
      pen.fillStyle = COLORS[mark.score];
      pen.fillRect(left, y + 1, right - left, ROW - 3);
      pen.globalAlpha = 1;
      pen.fillRect(right - 1, y, 3, ROW - 1);
      pen.fillStyle = '#ffffff';
      const text = `${mark.stage + 1}: ${mark.score}`;
      if (right - left > 34) pen.fillText(text, right - pen.measureText(text).width - 6, y + ROW / 2);
      from = mark.frame;
    }
    return y + ROW;
  }

  // The return so far as a line, so that the cost of steps can be seen beside the scores.
  reward(pen, y) {
    this.name(pen, 'return', y + this.height / 2);
    const sums = [];
    this.view.rewards.reduce((sum, value) => (sums[sums.length] = sum + value), 0);
    const low = Math.min(-0.2, ...sums);
    const high = Math.max(this.view.stages.length, ...sums);
    const place = (value) => y + 2 + ((high - value) / (high - low)) * (this.height - 4);
    this.line(pen, [[0, 0], [this.view.frames - 1, 0]], place, '#3a424c');
    this.line(pen, sums.map((sum, frame) => [frame, sum]), place, '#e6e9ed');
    return y + this.height;
  }

  strip(pen, strip, y) {
    this.name(pen, strip.name, y + this.height / 2);
    const place = (value) => y + 3 + (1 - value / strip.high) * (this.height - 6);
    this.line(pen, [[0, 0], [this.view.frames - 1, 0]], place, '#2d343d');
    this.line(pen, [...strip.asked.entries()], place, '#d9a13b', [3, 3]);
    this.line(pen, [...strip.measured.entries()], place, '#5aa9f5');
    return y + this.height;
  }

  line(pen, points, place, color, dashes = []) {
    pen.strokeStyle = color;
    pen.lineWidth = 1.3;
    pen.setLineDash(dashes);
    pen.beginPath();
    let gap = true;
    for (const [frame, value] of points) {
      if (value === null) {
        gap = true;
        continue;
      }
      pen[gap ? 'moveTo' : 'lineTo'](this.x(frame), place(value));
      gap = false;
    }
    pen.stroke();
    pen.setLineDash([]);
  }

  axis(pen, y) {
    const seconds = (this.view.frames - 1) / this.view.rate_hz;
    const step = [1, 2, 5, 10, 20, 30, 60, 120].find((s) => seconds / s <= 14) ?? 300;
    for (let at = 0; at <= seconds; at += step) {
      const x = this.x(at * this.view.rate_hz);
      pen.fillStyle = '#98a2ae';
      pen.fillText(`${at} s`, Math.min(x + 3, this.canvas.clientWidth - 34), y + 8);
      pen.fillStyle = '#2d343d';
      pen.fillRect(x, y, 1, 13);
    }
    pen.fillStyle = '#5aa9f5';
    pen.fillText('measured', 2, y + 8);
    pen.fillStyle = '#d9a13b';
    pen.fillText('asked', 60, y + 8);
  }

  playhead(frame) {
    this.frame = frame;
    const pen = this.canvas.getContext('2d');
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    pen.clearRect(0, 0, width, height);
    pen.drawImage(this.still, 0, 0, width, height);
    pen.fillStyle = '#ffffff';
    pen.fillRect(this.x(frame) - 0.75, 0, 1.5, height);
  }
}
