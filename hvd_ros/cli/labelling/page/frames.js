// Copyright 2026 hvd_ros contributors
// SPDX-License-Identifier: Apache-2.0
// The frames of one episode: fetched in runs, kept as JPEG, decoded shortly before they are shown.

const RUN = 16; // frames in one request
const AHEAD = 64; // frames that are fetched ahead: 1.6 s at 4x
const BEHIND = 16;
const DECODED_AHEAD = 32; // decoded ones are 1 MB a camera, so these are fewer
const DECODED_BEHIND = 20; // whoever sees a stage end goes back a little
const MOST_RUNS = 40; // kept as JPEG
const REQUESTS = 2;
const DECODERS = 6;

export class Frames {
  constructor(index, count, onReady) {
    this.index = index;
    this.count = count;
    this.onReady = onReady; // called with a frame's number when it can be drawn
    this.runs = new Map(); // number of run -> frames of blobs, or null while on its way
    this.decoded = new Map(); // number of frame -> bitmaps, or null while being decoded
    this.position = 0;
    this.direction = 1;
    this.soon = []; // frames to which a key may jump
    this.requests = 0;
    this.decoders = 0;
    this.closed = false;
  }

  // The bitmaps of a frame, one a camera (null: no image), or undefined if not there yet.
  get(frame) {
    return this.decoded.get(frame) ?? undefined;
  }

  // Say where we are, which way we go and where we may jump; that is fetched and decoded.
  at(frame, direction = 1, soon = []) {
    this.position = frame;
    this.direction = direction;
    this.soon = soon;
    this.work();
  }

  close() {
    this.closed = true;
    for (const bitmaps of this.decoded.values()) closeAll(bitmaps);
    this.decoded.clear();
    this.runs.clear();
  }

  work() {
    if (this.closed) return;
    this.forget();
    for (const run of this.wantedRuns()) {
      if (this.requests >= REQUESTS) break;
      if (!this.runs.has(run)) this.fetchRun(run);
    }
    for (const frame of this.order(DECODED_AHEAD, DECODED_BEHIND)) {
      if (this.decoders >= DECODERS) break;
      if (!this.decoded.has(frame) && this.runs.get(Math.floor(frame / RUN))) this.decode(frame);
    }
  }

  // The position, where a jump may lead, then frames around, first in the direction of travel.
  order(ahead, behind) {
    const wanted = [this.position, ...this.soon];
    for (let n = 1; n <= ahead; n++) wanted.push(this.position + n * this.direction);
    for (let n = 1; n <= behind; n++) wanted.push(this.position - n * this.direction);
    return wanted.filter((frame) => frame >= 0 && frame < this.count);
  }

  wantedRuns() {
    return [...new Set(this.order(AHEAD, BEHIND).map((frame) => Math.floor(frame / RUN)))];
  }

  async fetchRun(run) {
    this.requests++;
    this.runs.set(run, null);
    try {
      const answer = await fetch(`/api/episodes/${this.index}/frames/${run * RUN}/${RUN}`);
      if (!answer.ok) throw new Error(await answer.text());
      this.runs.set(run, split(await answer.arrayBuffer()));
    } catch {
      this.runs.delete(run);
      await new Promise((resolve) => setTimeout(resolve, 500)); // the server may come back
    }
    this.requests--;
    this.work();
  }

  async decode(frame) {
    this.decoders++;
    this.decoded.set(frame, null);
    const blobs = this.runs.get(Math.floor(frame / RUN))[frame % RUN] ?? [];
    const bitmaps = await Promise.all(
      blobs.map((blob) => (blob ? createImageBitmap(blob).catch(() => null) : null)),
    );
    this.decoders--;
    if (this.closed || !this.decoded.has(frame)) {
      closeAll(bitmaps);
    } else {
      this.decoded.set(frame, bitmaps);
      this.onReady(frame);
    }
    this.work();
  }

  forget() {
    for (const [frame, bitmaps] of this.decoded) {
      const ahead = (frame - this.position) * this.direction;
      if ((ahead > DECODED_AHEAD || ahead < -DECODED_BEHIND) && !this.soon.includes(frame)) {
        closeAll(bitmaps);
        this.decoded.delete(frame);
      }
    }
    const here = Math.floor(this.position / RUN);
    const far = [...this.runs.keys()].sort((a, b) => Math.abs(b - here) - Math.abs(a - here));
    for (const run of far.slice(0, Math.max(0, this.runs.size - MOST_RUNS))) this.runs.delete(run);
  }
}

function closeAll(bitmaps) {
  for (const bitmap of bitmaps ?? []) bitmap?.close();
}

// Four bytes of length, a JSON head with sizes, the images: see desk.py.
function split(buffer) {
  const length = new DataView(buffer).getUint32(0);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let start = 4 + length;
  const blobs = head.sizes.map((size) => {
    const blob = size ? new Blob([new Uint8Array(buffer, start, size)], { type: 'image/jpeg' }) : null;
    start += size;
    return blob;
  });
  const frames = [];
  const cameras = head.cameras.length;
  for (let n = 0; cameras && n < blobs.length; n += cameras) frames.push(blobs.slice(n, n + cameras));
  return frames;
}
