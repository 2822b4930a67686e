'use strict';

/** Entries listed for a key prefix. */
const LISTED = 12;

/** Shows one entry, or the entries whose keys have the entered prefix. */
class Inspector {
  constructor(form, output, session, evictTag) {
    Object.assign(this, { form, output, session, evictTag });
    this.input = form.querySelector('input');
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.look();
    });
  }

  async show(key) {
    this.input.value = key;
    this.form.scrollIntoView({ block: 'nearest' });
    this.input.focus();
    await this.look();
  }

  async look() {
    const key = this.input.value.trim();
    if (key === '') return;
    try {
      this.output.replaceChildren(...(await this.find(key)));
    } catch (error) {
      this.output.replaceChildren(h('p', { class: 'outcome bad' }, error.message));
    }
  }

  async find(key) {
    try {
      return this.describe(await this.session().json(`/entries/${encodeURIComponent(key)}`));
    } catch (error) {
      if (error.status !== 404) throw error;
    }
    const { entries, next } = await this.session().json(`/entries?limit=100&prefix=${encodeURIComponent(key)}`);
    if (entries.length === 0) return [h('p', { class: 'outcome' }, 'No entry with this key or prefix.')];
    const more = entries.length > LISTED || next !== null ? ', first page' : '';
    const items = entries.slice(0, LISTED).map(({ key: name }) => {
      return h('li', {}, h('button', { type: 'button', class: 'name', onclick: () => void this.show(name) }, name));
    });
    return [h('p', { class: 'outcome' }, `Keys with this prefix${more}:`), h('ul', { class: 'list' }, ...items)];
  }

  describe(entry) {
    const tags = entry.tags.map((tag) =>
      h('button', { type: 'button', class: 'tag', onclick: () => this.evictTag(tag) }, tag),
    );
    const facts = [
      ['Would be served', entry.fresh ? 'yes' : `no: ${whyStale(entry.stale_because)}`],
      ['Found in', entry.tiers.map((tier) => tier.toUpperCase()).join(' and ')],
      ['Left', entry.ttl >= 0 ? duration(entry.ttl) : `ended ${duration(-entry.ttl)} ago, retained for grace`],
      ['Read', `${duration((Date.now() - Date.parse(entry.created_at)) / 1000)} ago, at tick ${count(entry.tick)}`],
      ['Size', bytes(entry.bytes)],
    ];
    return [
      h('p', { class: 'key-line' }, h('code', {}, entry.key)),
      h(
        'dl',
        { class: 'facts' },
        ...facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
        h('dt', {}, 'Depends on'),
        h('dd', { class: 'tags' }, ...tags),
      ),
      h('button', { type: 'button', onclick: () => void this.forget(entry.key) }, 'Delete this entry'),
    ];
  }

  async forget(key) {
    try {
      await this.session().json(`/entries/${encodeURIComponent(key)}`, 'DELETE');
      this.output.replaceChildren(h('p', { class: 'outcome' }, 'Deleted on every node.'));
    } catch (error) {
      this.output.append(h('p', { class: 'outcome bad' }, error.message));
    }
    this.input.focus();
  }
}

function whyStale({ why, tag }) {
  const because = {
    expired: 'its TTL has ended',
    epoch: 'it is older than the last clear',
    floor: 'it is older than the clock remembers',
    stamped: `${tag} was stamped since`,
    unacknowledged: `${tag} was stamped here and the clock has not acknowledged it yet`,
  };
  return because[why];
}

/** Runs the action of a button and shows its outcome. */
async function act(output, button, work) {
  // The button is not disabled, because that would lose the focus.
  if (button.ariaBusy === 'true') return;
  button.ariaBusy = 'true';
  output.classList.remove('bad');
  try {
    say(output, await work());
  } catch (error) {
    output.classList.add('bad');
    say(output, error.message);
  } finally {
    button.ariaBusy = 'false';
  }
}

async function warm(session, progress) {
  progress.hidden = false;
  try {
    const response = await session.fetch('/warm', { method: 'POST' });
    let last = {};
    for await (const line of pieces(response, '\n')) {
      last = JSON.parse(line);
      if (last.total) progress.value = last.done / last.total;
    }
    return `Warmed ${last.warmed} pages in ${milliseconds(last.ms)}${last.failed ? `; ${last.failed} failed` : ''}.`;
  } finally {
    progress.hidden = true;
    progress.value = 0;
  }
}
