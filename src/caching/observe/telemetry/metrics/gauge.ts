import { Gauge, type Registry } from 'prom-client';

/** Gauges of `registry` whose value is read at scrape time. */
export function gauges(registry: Registry): (name: string, help: string, value: () => number) => void {
  return (name, help, value) => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  };
}
