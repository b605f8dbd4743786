// Copyright 2026 hvd_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Every change goes to disk at once; what could not go is kept and tried again.

export class Saving {
  // onSaved(index, wish, answer), onRefused(index, wish, text),
  // onState('saving' | 'saved' | 'failed' | 'refused')
  constructor(onSaved, onRefused, onState) {
    Object.assign(this, { onSaved, onRefused, onState });
    this.waiting = new Map(); // author and episode -> newest wish; an older one need not be sent
    this.busy = false;
    window.addEventListener('beforeunload', (event) => {
      if (this.waiting.size || this.busy) event.preventDefault();
    });
  }

  put(index, wish) {
    this.waiting.set(`${index} ${wish.author}`, { index, wish });
    this.onState('saving');
    if (!this.busy) this.work();
  }

  async work() {
    this.busy = true;
    while (this.waiting.size) {
      const [key, { index, wish }] = this.waiting.entries().next().value;
      this.waiting.delete(key);
      try {
        await this.send(index, wish);
      } catch {
        if (!this.waiting.has(key)) this.waiting.set(key, { index, wish });
        this.onState('failed');
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
    this.busy = false;
  }

  async send(index, wish) {
    const answer = await fetch(`/api/episodes/${index}/labels`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(wish),
    });
    if (answer.ok) {
      const said = await answer.json();
      this.onState(this.waiting.size ? 'saving' : 'saved');
      this.onSaved(index, wish, said);
    } else {
      this.onState('refused');
      this.onRefused(index, wish, await answer.text());
    }
  }
}
