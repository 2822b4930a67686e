import { type Drawing, round, scale, text, TOP } from './canvas';
import type { Chart } from './section';

const LEFT = 250;
const RIGHT = 640;
const BAR = 18;
const GAP = 14;

/** Rows of horizontal bars, a bar a series, each with its number behind it. */
export function bars(chart: Chart): Drawing {
  const share = scale(chart);
  const row = chart.series.length * BAR + GAP;
  const marks = chart.labels.flatMap((label, index) => {
    const top = TOP + index * row;
    const middle = top + (chart.series.length * BAR) / 2 + 4;
    return [
      text(LEFT - 10, middle, label, '', 'end'),
      ...chart.series.flatMap(({ values }, nth) => {
        const value = values[index] ?? NaN;
        if (!Number.isFinite(value)) return [];
        const width = Math.max(2, share(value) * (RIGHT - LEFT));
        const y = top + nth * BAR;
        return [
          `<rect x="${LEFT}" y="${y}" width="${round(width)}" height="${BAR - 3}" rx="2" class="s${nth}"/>`,
          text(LEFT + width + 6, y + BAR / 2 + 3, chart.format(value), 'quiet'),
        ];
      }),
    ];
  });
  return { marks, height: chart.labels.length * row };
}
