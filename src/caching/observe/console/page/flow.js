'use strict';

/** Pixels. */
const PIPE = 54;
const BEND = 12;
const HAIRLINE = 2;
/** Number of snapshots a rate is computed over. */
const WINDOW = 4;

/** The layers as a cross-section: reads that a layer serves leave to the right, the rest falls to the next layer. */
class Flow {
  #rows;
  #snapshots = [];

  constructor(svg, list) {
    this.svg = svg;
    const row = (name, note) => {
      const parts = { big: h('b'), small: h('span') };
      list.append(
        h('li', {}, h('div', {}, h('strong', {}, name), h('small', {}, note)), h('p', {}, parts.big, parts.small)),
      );
      return parts;
    };
    this.#rows = [
      row('Browser', 'stores and revalidates'),
      row('Edge', 'CDN, nginx, Varnish'),
      row('View cache', 'whole responses'),
      row('Query cache', 'ids of lists, counts, results'),
      row('Entity cache', 'rows, each by itself'),
      row('Database', 'PostgreSQL'),
    ];
    this.list = list;
    new ResizeObserver(() => this.#draw()).observe(list);
  }

  update(snapshot) {
    // Counters that decreased belong to a restarted process.
    if (snapshot.requests < (this.#snapshots.at(-1)?.requests ?? 0)) this.#snapshots = [];
    this.#snapshots = [...this.#snapshots, snapshot].slice(-WINDOW - 1);
    this.rates = ratesOf(this.#snapshots);
    this.#describe();
    this.#draw();
  }

  #describe() {
    const { requests, view, query, entity, database } = this.rates;
    const [browser, edge, views, queries, entities, bottom] = this.#rows;
    say(browser.big, `${rate(requests)} /s`);
    say(browser.small, 'reach this node');
    say(edge.big, '');
    say(edge.small, 'its own hits never reach this node');
    for (const [row, layer] of [
      [views, view],
      [queries, query],
      [entities, entity],
    ]) {
      say(row.big, layer.off ? 'off' : layer.asked > 0 ? percent(layer.share) : '–');
      say(
        row.small,
        layer.off
          ? 'disabled: every read falls through'
          : `of ${rate(layer.asked)} /s served; L1\u00a0${rate(layer.l1)}, L2\u00a0${rate(layer.l2)}, shared\u00a0${rate(layer.collapsed)}`,
      );
    }
    say(bottom.big, `${rate(database)} /s`);
    say(bottom.small, 'lists, counts and rows loaded');
  }

  #draw() {
    const rows = [...this.list.children];
    const width = this.svg.clientWidth;
    if (!this.rates || width === 0) return;
    const { requests, view, query, entity } = this.rates;
    const moving = requests > 0 || view.asked + query.asked + entity.asked > 0;
    this.svg.classList.toggle('still', !moving);
    this.svg.setAttribute('viewBox', `0 0 ${width} ${this.list.clientHeight}`);
    const served = [0, 0, ...[view, query, entity].map(({ share }) => (moving ? share : 0)), 1];
    const shapes = [fade(width)];
    let flow = moving ? Math.min(PIPE, width * 0.5) : HAIRLINE;
    rows.forEach((row, index) => {
      const box = {
        top: row.offsetTop,
        bottom: row.offsetTop + row.offsetHeight,
        middle: row.offsetTop + row.offsetHeight / 2,
      };
      const leaving = thickness(flow * served[index], flow);
      const rest = thickness(flow - leaving, flow);
      if (rest > 0 && index < rows.length - 1) shapes.push(...fall(box, rest));
      if (leaving > 0) shapes.push(...response(box, rest, leaving, width));
      flow = rest;
    });
    this.svg.replaceChildren(...shapes);
  }
}

/** Zero stays zero; anything above it is at least visible. */
function thickness(wanted, most) {
  return wanted < 0.01 ? 0 : Math.min(most, Math.max(wanted, HAIRLINE));
}

function fall({ top, bottom }, wide) {
  return [
    s('rect', { x: 0, y: top - 0.5, width: wide, height: bottom - top + 1, class: 'pipe' }),
    ...drops(`M${wide / 2} ${top}V${bottom}`, wide),
  ];
}

/** The right part of the pipe bends towards the numbers and fades out. */
function response({ top, middle }, left, wide, end) {
  const [high, low, right] = [middle - wide / 2, middle + wide / 2, left + wide];
  const inner = `M${right} ${top - 0.5}V${high - BEND}Q${right} ${high} ${right + BEND} ${high}H${end}`;
  const outer = `V${low}H${right + BEND}Q${left} ${low} ${left} ${high - BEND}V${top - 0.5}Z`;
  const centre = left + wide / 2;
  return [
    s('path', { d: inner + outer, class: 'pipe leaving' }),
    ...drops(`M${centre} ${top}V${high - BEND}Q${centre} ${middle} ${right + BEND} ${middle}H${end}`, wide),
  ];
}

/** Gradient of the served part, which fades out to the right. */
function fade(end) {
  const stop = (offset, name) => s('stop', { offset, class: name });
  const gradient = { id: 'leaving', gradientUnits: 'userSpaceOnUse', x1: end * 0.62, x2: end, y1: 0, y2: 0 };
  return s('linearGradient', gradient, stop(0, 'full'), stop(1, 'gone'));
}

function drops(d, wide) {
  return wide < 6 ? [] : [s('path', { d, class: 'drops' })];
}

/** Rates per second over the last few snapshots. */
function ratesOf(snapshots) {
  const [first, last] = [snapshots[0], snapshots.at(-1)];
  const seconds = Math.max(1, (Date.parse(last.at) - Date.parse(first.at)) / 1000);
  const layer = (name, option = name) => {
    const perSecond = (outcome) => (last.since_start[name][outcome] - first.since_start[name][outcome]) / seconds;
    const [l1, l2, stale, collapsed, miss] = ['l1', 'l2', 'stale', 'collapsed', 'miss'].map(perSecond);
    const hits = l1 + l2 + stale + collapsed;
    const asked = hits + miss;
    return {
      l1,
      l2,
      collapsed,
      miss,
      asked,
      share: asked > 0 ? hits / asked : 0,
      off: !last.node.layers.includes(option),
    };
  };
  const requests = (last.requests - first.requests) / seconds;
  const view = layer('view');
  const query = layer('query');
  // Rows are cached where queries are.
  const entity = layer('entity', 'query');
  const loaded = query.miss + entity.miss;
  return { requests, view, query, entity, database: query.off ? (view.off ? requests : view.miss) : loaded };
}
