'use strict';

/** Milliseconds: between two attempts, doubling from the first to the last; and without a word before a stream counts as dead. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;
const SILENCE = 6000;

/** A refusal that trying again does not change. */
class Refused extends Error {}

/** The token, for as long as this page is open: in this variable and nowhere else. */
class Session {
  #token;

  constructor(api, token) {
    this.api = api;
    this.#token = token;
  }

  /** @throws Error with what the server says is wrong */
  async fetch(path, options = {}) {
    const headers = { ...options.headers, authorization: `Bearer ${this.#token}` };
    const response = await fetch(`${this.api}${path}`, { ...options, headers, cache: 'no-store', credentials: 'omit' });
    if (response.ok) return response;
    const { detail } = await response.json().catch(() => ({}));
    const Kind = response.status === 401 || response.status === 403 ? Refused : Error;
    const error = new Kind(detail ?? `The server answers ${response.status}.`);
    throw Object.assign(error, { status: response.status });
  }

  async json(path, method = 'GET', body = undefined) {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    return (await this.fetch(path, { method, headers, body: body && JSON.stringify(body) })).json();
  }
}

/** Text as it comes in, cut at `end`. EventSource could not send the token. */
async function* pieces(response, end, heard = () => undefined) {
  let rest = '';
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard();
    const parts = (rest + value).split(end);
    rest = parts.pop();
    yield* parts;
  }
}

function parseEvent(frame) {
  const fields = Object.fromEntries(frame.split('\n').map((line) => line.split(/: (.*)/s, 2)));
  return { event: fields.event, data: JSON.parse(fields.data) };
}

/** The live stream, taken up again whenever it breaks. */
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
    const heard = () => {
      clearTimeout(alarm);
      alarm = setTimeout(() => silent.abort(new Error('The server has gone silent.')), SILENCE);
    };
    try {
      heard();
      const response = await this.session.fetch('/live', {
        signal: AbortSignal.any([this.#closed.signal, silent.signal]),
      });
      this.on.open();
      opened();
      for await (const frame of pieces(response, '\n\n', heard)) {
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
