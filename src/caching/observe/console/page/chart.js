'use strict';

/** Pixels around the lines, and milliseconds from left to right. */
const EDGE = { top: 8, bottom: 20, left: 54, right: 8 };
const SPAN = 10 * 60_000;
const HEIGHT = 168;
/** Milliseconds between two points: a longer gap is a gap. */
const STEP = 5000;

/** Line chart of the last ten minutes. The value under the pointer or the arrow keys is also shown as text. */
class Chart {
  #points = [];
  #at;

  /** @param series [{ name, of: (point) => number | null }] @param scale { ticks(values), place(value, ticks) in 0…1 } @param format a value in words */
  constructor(element, { series, scale, format, label }) {
    Object.assign(this, { series, scale, format, label });
    this.svg = s('svg', { role: 'img', tabindex: 0, height: HEIGHT });
    this.readout = h('p', { class: 'readout' });
    element.append(this.svg, this.readout);
    this.svg.addEventListener('pointermove', ({ offsetX }) => this.#point(this.#nearest(offsetX)));
    this.svg.addEventListener('pointerleave', () => this.#point(undefined));
    this.svg.addEventListener('blur', () => this.#point(undefined));
    this.svg.addEventListener('keydown', (event) => this.#step(event));
    new ResizeObserver(() => this.draw()).observe(element);
  }

  set(points) {
    this.#points = points;
    this.draw();
  }

  add(point) {
    this.set([...this.#points.filter(({ at }) => at < point.at), point].slice(-120));
  }

  draw() {
    const width = this.svg.parentElement.clientWidth;
    if (width === 0) return;
    this.svg.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    const end = this.#points.at(-1)?.at ?? Date.now();
    const values = this.#points
      .flatMap((point) => this.series.map(({ of }) => of(point)))
      .filter((value) => value !== null);
    const ticks = this.scale.ticks(values);
    this.x = (at) => EDGE.left + (1 - (end - at) / SPAN) * (width - EDGE.left - EDGE.right);
    const y = (value) => HEIGHT - EDGE.bottom - this.scale.place(value, ticks) * (HEIGHT - EDGE.top - EDGE.bottom);
    this.svg.replaceChildren(
      ...ticks.flatMap((tick) => [
        s('line', { x1: EDGE.left, x2: width - EDGE.right, y1: y(tick), y2: y(tick), class: 'grid' }),
        s('text', { x: EDGE.left - 8, y: y(tick) + 4, 'text-anchor': 'end' }, this.format(tick)),
      ]),
      s('text', { x: EDGE.left, y: HEIGHT - 4 }, '10 min ago'),
      s('text', { x: width - EDGE.right, y: HEIGHT - 4, 'text-anchor': 'end' }, 'now'),
      ...this.series.flatMap((line, index) => this.#line(line, index, y)),
      ...this.#mark(y),
    );
    this.#describe();
  }

  #line({ of }, index, y) {
    const runs = [];
    let last;
    for (const point of this.#points) {
      const value = of(point);
      if (value !== null) {
        if (last === undefined || point.at - last > STEP * 2.5) runs.push([]);
        runs.at(-1).push([this.x(point.at), y(value)]);
        last = point.at;
      }
    }
    return runs.map((run) =>
      run.length === 1
        ? s('circle', { cx: run[0][0], cy: run[0][1], r: 2, class: `dot series-${index}` })
        : s('path', {
            d: `M${run.map(([x, top]) => `${x.toFixed(1)} ${top.toFixed(1)}`).join('L')}`,
            class: `line series-${index}`,
          }),
    );
  }

  #mark(y) {
    const point = this.#points.find(({ at }) => at === this.#at);
    if (!point) return [];
    const dots = this.series.map(({ of }, index) => [of(point), index]).filter(([value]) => value !== null);
    return [
      s('line', {
        x1: this.x(point.at),
        x2: this.x(point.at),
        y1: EDGE.top,
        y2: HEIGHT - EDGE.bottom,
        class: 'cursor',
      }),
      ...dots.map(([value, index]) =>
        s('circle', { cx: this.x(point.at), cy: y(value), r: 3.5, class: `dot series-${index}` }),
      ),
    ];
  }

  #describe() {
    const point = this.#points.find(({ at }) => at === this.#at) ?? this.#points.at(-1);
    const parts = this.series.map(({ name, of }, index) =>
      h('span', { class: `key series-${index}` }, `${name} ${point ? this.format(of(point)) : '–'}`),
    );
    const when = this.#at !== undefined && point ? clockTime.format(point.at) : 'last 5 s';
    this.readout.replaceChildren(...parts, h('span', { class: 'when' }, when));
    this.svg.setAttribute(
      'aria-label',
      `${this.label}, last ten minutes. ${parts.map((part) => part.textContent).join(', ')}, ${when}. Arrow keys go through time.`,
    );
  }

  #point(at) {
    if (at === this.#at) return;
    this.#at = at;
    this.draw();
  }

  #nearest(offset) {
    const distance = ({ at }) => Math.abs(this.x(at) - offset);
    return this.#points.reduce((best, point) => (best && distance(best) <= distance(point) ? best : point), undefined)
      ?.at;
  }

  #step(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined || this.#points.length === 0) return;
    event.preventDefault();
    const index = this.#points.findIndex(({ at }) => at === this.#at);
    const next = index < 0 ? this.#points.length - 1 : Math.min(Math.max(index + by, 0), this.#points.length - 1);
    this.#point(this.#points[next].at);
  }
}

/** 0 to 1. */
const shares = { ticks: () => [0, 0.5, 1], place: (value) => value };

/** Whole decades around the values, as a hit and a miss are three decades apart. */
const decades = {
  ticks(values) {
    const low = Math.floor(Math.log10(Math.min(...values, 1)));
    const high = Math.max(Math.ceil(Math.log10(Math.max(...values, 10))), low + 1);
    return Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  },
  place: (value, ticks) => Math.log10(value / ticks[0]) / Math.log10(ticks.at(-1) / ticks[0]),
};
