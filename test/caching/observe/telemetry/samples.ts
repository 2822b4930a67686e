import type { RawAnswer } from '../../../support/http';

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Reads the text format of Prometheus, as far as our metrics use it. */
export async function samples(ask: (path: string) => Promise<RawAnswer>, path = '/metrics'): Promise<Sample[]> {
  const text = (await ask(path)).body.toString();
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, labels: parsed(labels), value: Number(value) }];
  });
}

/** The value of the one series that has all these labels. */
export function sample(all: Sample[], name: string, labels: Record<string, string>): number | undefined {
  return all.find(
    (one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
  )?.value;
}

function parsed(labels: string): Record<string, string> {
  return Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!]));
}
