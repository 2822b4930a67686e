'use strict';

/** Reads a URL of this server, with the Cache-Token of a write if there is one, and shows how the cache responded. */
class Reader {
  constructor(form, output) {
    Object.assign(this, { form, output });
    this.url = form.querySelector('[name=url]');
    this.token = form.querySelector('[name=cache-token]');
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void act(output, form.querySelector('button'), () => this.read());
    });
  }

  /** The token of the last write made here. */
  offer(token) {
    if (token !== null) this.token.value = token;
  }

  /** Without the administrator's token: public data is read as any client reads it. */
  async read() {
    const url = new URL(this.url.value.trim(), location.origin);
    if (url.origin !== location.origin) throw new Error('Only URLs of this server can be read here.');
    const token = this.token.value.trim();
    const headers = token === '' ? {} : { 'cache-token': token };
    const response = await fetch(url, { headers, cache: 'no-store', credentials: 'omit' });
    const status = response.headers.get('cache-status') ?? 'no Cache-Status';
    const seen = token === '' ? '' : ' Not older than the write of the token.';
    return `${response.status}; ${status}.${response.ok ? seen : ''}`;
  }
}
