'use strict';

{
  const api = document.documentElement.dataset.api;
  let session;
  let live;
  let shaking;

  const flow = new Flow($('stream'), $('layers'));
  const ratioChart = new Chart($('ratio-chart'), {
    label: 'Hit ratio',
    series: [{ name: 'Hits', of: (point) => point.hit_ratio }],
    scale: shares,
    format: percent,
  });
  const latencyChart = new Chart($('latency-chart'), {
    label: 'Latency of whole requests',
    series: [
      { name: 'Median', of: (point) => point.p50 },
      { name: '99 % within', of: (point) => point.p99 },
    ],
    scale: decades,
    format: milliseconds,
  });
  const inspector = new Inspector($('inspect'), $('inspected'), () => session, chooseTag);
  const reader = new Reader($('read'), $('was-read'));
  const keys = new Ranking(
    $('keys'),
    'key',
    ['reads'],
    'Nothing has been read recently.',
    (key) => void inspector.show(key),
  );
  const tags = new Ranking(
    $('tags'),
    'tag',
    ['reads', 'evictions'],
    'Nothing has been read or evicted recently.',
    chooseTag,
  );

  const figures = Object.fromEntries(
    [...document.querySelectorAll('[data-figure]')].map((each) => [each.dataset.figure, each]),
  );

  function chooseTag(tag) {
    $('tag').value = tag;
    $('evict').scrollIntoView({ block: 'nearest' });
    $('tag').focus();
  }

  function standing(state, text) {
    $('standing').dataset.state = state;
    say($('standing'), text);
  }

  function show(snapshot) {
    const { node, l1, last_minute: minute } = snapshot;
    flow.update(snapshot);
    say(figures.ratio, percent(minute.hit_ratio));
    say(figures.rate, rate(flow.rates.requests));
    say(figures.p50, milliseconds(minute.p50));
    say(figures.p99, `median; 99 % within ${milliseconds(minute.p99)}`);
    say(figures.bytes, bytes(l1.bytes));
    say(figures.entries, `${count(l1.entries)} entries, of ${bytes(l1.max_bytes)} at most`);
    keys.update(snapshot.top_keys);
    tags.update(snapshot.top_tags);
    say(
      $('node'),
      `Node ${node.name}, up since ${new Date(node.started).toLocaleString()}. Clock ${node.epoch.slice(0, 8)}, tick ${count(node.tick)}, ${node.consistency}.`,
    );
    if (node.clock === 'unavailable')
      standing('unavailable', 'Live, but the clock is unavailable: only the freshest is trusted');
    else if (node.trust !== 'proved') standing('unavailable', `Live, but nothing cached is served: ${node.trust}`);
    else
      standing(
        'live',
        {
          up: 'Live, Redis is up',
          unavailable: 'Live, but Redis is unavailable',
          none: 'Live, one process without Redis',
        }[node.redis],
      );
  }

  const on = {
    event(name, data) {
      if (name === 'snapshot') show(data);
      else if (name === 'history') for (const chart of [ratioChart, latencyChart]) chart.set(data);
      else if (name === 'point') for (const chart of [ratioChart, latencyChart]) chart.add(data);
    },
    open() {
      clearInterval(shaking);
      $('trouble').hidden = true;
      $('board').classList.remove('lost');
      if (!$('board').hidden) return;
      $('gate').hidden = true;
      $('board').hidden = $('forget').hidden = false;
      $('token').value = '';
      $('now').focus();
    },
    lost(error, pause) {
      if ($('board').hidden) return refuse(error.status ? error.message : 'The server cannot be reached.');
      $('board').classList.add('lost');
      $('trouble').hidden = false;
      standing('lost', 'Connection lost');
      let left = Math.round(pause / 1000);
      const announce = () =>
        say(
          $('trouble').firstElementChild,
          `The connection is lost; the data shown is old. ${left > 0 ? `Retrying in ${left--} s.` : 'Retrying…'}`,
        );
      clearInterval(shaking);
      shaking = setInterval(announce, 1000);
      announce();
    },
    refused: refuse,
  };

  /** Returns to the sign-in form and shows the reason. */
  function refuse(why) {
    forget();
    say($('gate-error'), why);
    $('token').focus();
  }

  function forget() {
    live?.close();
    session = live = undefined;
    clearInterval(shaking);
    $('gate').hidden = false;
    $('board').hidden = $('forget').hidden = true;
    $('board').classList.remove('lost');
    $('inspected').replaceChildren();
    for (const id of ['evicted', 'acted', 'gate-error']) say($(id), '');
    standing('idle', 'Not connected');
  }

  /** The token in what was pasted: the line that was printed (`TOKEN=…`), a header, or the token alone. */
  function pasted(text) {
    const [jwt] = /[\w-]+\.[\w-]+\.[\w-]+/.exec(text) ?? [];
    return jwt ?? text.trim();
  }

  $('sign-in').addEventListener('submit', (event) => {
    event.preventDefault();
    const token = pasted($('token').value);
    live?.close();
    say($('gate-error'), '');
    // Other characters cannot stand in a header.
    if (!/^[\w.~+/=-]+$/.test(token))
      return say(
        $('gate-error'),
        'This is not a token: it should be three parts of letters and digits with dots between.',
      );
    standing('idle', 'Connecting…');
    session = new Session(api, token);
    live = new Live(session, on);
  });
  $('forget').addEventListener('click', () => {
    forget();
    $('token').value = '';
    $('token').focus();
  });
  $('trouble')
    .querySelector('button')
    .addEventListener('click', () => live?.hurry());

  $('evict').addEventListener('submit', (event) => {
    event.preventDefault();
    const tag = $('tag').value;
    void act($('evicted'), $('evict').querySelector('button'), async () => {
      const headers = { 'content-type': 'application/json' };
      const response = await session.fetch('/evict', {
        method: 'POST',
        headers,
        body: JSON.stringify({ tags: [tag] }),
      });
      const { tick } = await response.json();
      const token = response.headers.get('cache-token');
      reader.offer(token);
      const named = token === null ? '' : ` Cache-Token: ${token}`;
      return `Evicted everything that depends on ${tag}, at tick ${count(tick)}.${named}`;
    });
  });
  $('warm').addEventListener('click', () => void act($('acted'), $('warm'), () => warm(session, $('warming'))));
  $('clear').addEventListener('click', () => {
    $('clear').hidden = true;
    $('clear-really').hidden = false;
    $('clear-really').focus();
  });
  const unarm = () => {
    $('clear').hidden = false;
    $('clear-really').hidden = true;
  };
  $('clear-really').addEventListener('blur', unarm);
  $('clear-really').addEventListener('keydown', ({ key }) => key === 'Escape' && $('clear').focus());
  $('clear-really').addEventListener('click', () => {
    unarm();
    $('clear').focus();
    void act($('acted'), $('clear'), async () => {
      await session.json('', 'DELETE');
      return 'Everything is cleared: a new epoch has begun.';
    });
  });
}
