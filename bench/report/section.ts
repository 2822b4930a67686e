/** What a step found out, without how it is shown. */
export interface Section {
  title: string;
  /** Paragraphs: workload and limits. */
  text: string[];
  tables: Table[];
  charts: Chart[];
}

export interface Table {
  columns: string[];
  rows: string[][];
}

export interface Chart {
  /** File name without its ending. */
  name: string;
  title: string;
  /** What the numbers are, with their unit. */
  subtitle: string;
  kind: 'bars' | 'lines';
  /** Bars: one row of bars a label. Lines: the places along the x axis. */
  labels: string[];
  series: Series[];
  /** Numbers as they are written at their marks. */
  format: (value: number) => string;
  /** Equal ratios take equal space: for numbers of different magnitudes. */
  logarithmic?: boolean;
}

export interface Series {
  name: string;
  /** One for each label. */
  values: number[];
}
