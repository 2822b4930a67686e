'use strict';

/** Milliseconds: pause between two attempts, doubling from min to max, and silence after which a stream counts as dead. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;
const SILENCE = 6000;

/** A refusal that a retry does not change. */
class Refused extends Error {}

/** Holds the token while the page is open, in this variable only. */
class Session {
  #token;

  constructor(api, token) {
    this.api = api;
    this.#token = token;
  }

  /** @throws Error with the problem detail of the server */
  async fetch(path, options = {}) {
    const headers = { ...options.headers, authorization: `Bearer ${this.#token}` };
    const response = await fetch(`${this.api}${path}`, { ...options, headers, cache: 'no-store', credentials: 'omit' });
    if (response.ok) return response;
    const { detail } = await response.json().catch(() => ({}));
    const Kind = response.status === 401 || response.status === 403 ? Refused : Error;
    const error = new Kind(detail ?? `The server responded with ${response.status}.`);
    throw Object.assign(error, { status: response.status });
  }

  async json(path, method = 'GET', body = undefined) {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    return (await this.fetch(path, { method, headers, body: body && JSON.stringify(body) })).json();
  }
}

/** Streamed text, split at `end`. EventSource cannot send the token. */
async function* pieces(response, end, received = () => undefined) {
  let rest = '';
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    received();
    const parts = (rest + value).split(end);
    rest = parts.pop();
    yield* parts;
  }
}

function parseEvent(frame) {
  const fields = Object.fromEntries(frame.split('\n').map((line) => line.split(/: (.*)/s, 2)));
  return { event: fields.event, data: JSON.parse(fields.data) };
}

/** The live stream, reopened whenever it breaks. */
class Live {
  #closed = new AbortController();
  #hurry = () => undefined;

  /** @param on { event, open, lost, refused } */
  constructor(session, on) {
    this.session = session;
    this.on = on;
    void this.#run();
  }

  close() {
    this.#closed.abort();
    this.#hurry();
  }

  /** Ends the pause before the next attempt. */
  hurry() {
    this.#hurry();
  }

  async #run() {
    let pause = FIRST_PAUSE;
    while (!this.#closed.signal.aborted) {
      try {
        await this.#listen(() => (pause = FIRST_PAUSE));
      } catch (error) {
        if (this.#closed.signal.aborted) return;
        if (error instanceof Refused) return this.on.refused(error.message);
        this.on.lost(error, pause);
        await this.#wait(pause * (0.8 + 0.4 * Math.random()));
        pause = Math.min(pause * 2, LONGEST_PAUSE);
      }
    }
  }

  async #listen(opened) {
    const silent = new AbortController();
    let alarm;
    const received = () => {
      clearTimeout(alarm);
      alarm = setTimeout(() => silent.abort(new Error('The server has gone silent.')), SILENCE);
    };
    try {
      received();
      const response = await this.session.fetch('/live', {
        signal: AbortSignal.any([this.#closed.signal, silent.signal]),
      });
      this.on.open();
      opened();
      for await (const frame of pieces(response, '\n\n', received)) {
        const { event, data } = parseEvent(frame);
        if (event !== 'end') this.on.event(event, data);
        else if (data.why === 'expired') throw new Refused('The token has expired.');
      }
      throw new Error('The server has ended the connection.');
    } finally {
      clearTimeout(alarm);
    }
  }

  #wait(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
