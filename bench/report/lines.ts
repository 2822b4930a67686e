import { type Drawing, round, scale, text, TOP } from './canvas';
import type { Chart } from './section';

const LEFT = 60;
const RIGHT = 640;
const HEIGHT = 220;

/** A line a series over places of equal distance, with the numbers at the marks. */
export function lines(chart: Chart): Drawing {
  const share = scale(chart);
  const step = (RIGHT - LEFT) / Math.max(1, chart.labels.length - 1);
  const x = (index: number): number => LEFT + index * step;
  const y = (value: number): number => TOP + 12 + (1 - share(value)) * (HEIGHT - 12);
  const axis = [
    `<line x1="${LEFT}" x2="${RIGHT}" y1="${TOP + HEIGHT}" y2="${TOP + HEIGHT}" class="rule"/>`,
    ...chart.labels.map((label, index) => text(x(index), TOP + HEIGHT + 20, label, 'quiet', 'middle')),
  ];
  const drawn = chart.series.flatMap(({ values }, nth) => [
    `<polyline class="l${nth}" points="${values.map((value, i) => `${round(x(i))},${round(y(value))}`).join(' ')}"/>`,
    ...values.flatMap((value, i) => [
      `<circle cx="${round(x(i))}" cy="${round(y(value))}" r="4" class="s${nth}"/>`,
      text(x(i), y(value) - 9, chart.format(value), '', 'middle'),
    ]),
  ]);
  return { marks: [...axis, ...drawn], height: HEIGHT + 24 };
}
