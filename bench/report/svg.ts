import { bars } from './bars';
import { escape, text, TOP, WIDTH } from './canvas';
import { lines } from './lines';
import type { Chart } from './section';

const BOTTOM = 16;

/** GitHub shows an SVG as an image, where only its own style sheet holds: so it looks at the reader's colour scheme itself. */
const STYLE = `
  text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2328; }
  .title { font-size: 16px; font-weight: 600; }
  .quiet { fill: #59636e; }
  .rule { stroke: #d1d9e0; }
  .s0 { fill: #0b7a5f; } .s1 { fill: #d98324; } .s2 { fill: #5b6bc0; } .s3 { fill: #8a8f98; }
  .l0 { stroke: #0b7a5f; } .l1 { stroke: #d98324; } .l2 { stroke: #5b6bc0; } .l3 { stroke: #8a8f98; }
  polyline { fill: none; stroke-width: 2.5; stroke-linejoin: round; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .quiet { fill: #9198a1; }
    .rule { stroke: #3d444d; }
    .s0 { fill: #34c79a; } .s1 { fill: #f0a755; } .s2 { fill: #93a0f0; } .s3 { fill: #7d848d; }
    .l0 { stroke: #34c79a; } .l1 { stroke: #f0a755; } .l2 { stroke: #93a0f0; } .l3 { stroke: #7d848d; }
  }`;

/** A drawing of its own, readable on light and on dark ground. */
export function asSvg(chart: Chart): string {
  const { marks, height } = chart.kind === 'bars' ? bars(chart) : lines(chart);
  const total = TOP + height + BOTTOM;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${total}" width="${WIDTH}" height="${total}" role="img" aria-label="${escape(chart.title)}">
<style>${STYLE}
</style>
${text(16, 26, chart.title, 'title')}
${text(16, 46, chart.subtitle, 'quiet')}
${legend(chart)}
${marks.join('\n')}
</svg>
`;
}

function legend({ series }: Chart): string {
  if (series.length < 2) return '';
  let x = 16;
  return series
    .map(({ name }, index) => {
      const mark = `<rect x="${x}" y="58" width="12" height="12" rx="2" class="s${index}"/>${text(x + 18, 69, name)}`;
      x += 44 + name.length * 7;
      return mark;
    })
    .join('\n');
}
