import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { effort } from '../../../support/effort';
import { needs } from '../../../support/needs';

const FOLDER = join(__dirname, '../../../../docker/prometheus');
const RULES = join(FOLDER, 'alerts.yml');
const run = promisify(execFile);

interface Alert {
  alert: string;
  labels: Record<string, string>;
  annotations: { summary: string; description: string };
}

/** Metric with labels → a value for each minute, in promtool's shorthand. */
type Series = Record<string, string>;

interface Case {
  /** It fires at the end of these three hours. */
  fires: Series;
  /** As it is told. */
  summary: string;
  labels?: Record<string, string>;
  /** Near to it, and still no reason. */
  quiet: Series;
}

const read = (instance: string, outcome: string): string =>
  `cache_requests_total{instance="${instance}",layer="view",outcome="${outcome}"}`;
const took = (le: string): string => `http_request_duration_seconds_bucket{instance="a",route="/x",le="${le}"}`;
const TOOK = 'http_request_duration_seconds_count{instance="a",route="/x"}';
const PUSHED = 'cache_evictions_total{instance="a",reason="capacity"}';

const CASES: Record<string, Case> = {
  StrataHitRatioFell: {
    fires: { [read('a', 'hit')]: '0+5400x150 812990+3000x29', [read('a', 'miss')]: '0+600x150 92990+3000x29' },
    summary: 'a answers 50% from its cache, much less than an hour ago',
    labels: { layer: 'view' },
    // Hardly anybody reads.
    quiet: { [read('a', 'hit')]: '0+9x150 1350x29', [read('a', 'miss')]: '0+1x150 150+9x29' },
  },
  StrataOutboxOld: {
    fires: { 'cache_outbox_oldest_seconds{instance="a"}': '0x170 12+0x10' },
    summary: 'a: writes have been waiting to be evicted for 12s',
    quiet: { 'cache_outbox_oldest_seconds{instance="a"}': '0x179 12' },
  },
  StrataPurgesOld: {
    fires: { 'cache_purge_queue_oldest_seconds{instance="a",queue="edge"}': '0x170 45+0x10' },
    summary: 'a: tags have been waiting to be purged from the edge for 45s',
    labels: { queue: 'edge' },
    quiet: { 'cache_purge_queue_oldest_seconds{instance="a",queue="edge"}': '29x180' },
  },
  StrataClockAway: {
    fires: { 'cache_clock_live{instance="a"}': '1x170 0x10', 'cache_clock_lag_seconds{instance="a"}': '0x180' },
    summary: 'a has no word of the tag clock',
    quiet: { 'cache_clock_live{instance="a"}': '1x180', 'cache_clock_lag_seconds{instance="a"}': '0.9x180' },
  },
  StrataNotTrusted: {
    fires: { 'cache_trusted{instance="a"}': '1x170 0x10' },
    summary: 'a serves nothing from its caches',
    quiet: { 'cache_trusted{instance="a"}': '1x180' },
  },
  StrataBreakerOpen: {
    fires: { 'cache_breaker_open{instance="a"}': '0x170 1x10' },
    summary: 'a: the circuit breaker has given Redis up',
    quiet: { 'cache_breaker_open{instance="a"}': '0x180', 'cache_breaker_trips_total{instance="a"}': '0x170 2x10' },
  },
  StrataL1Full: {
    fires: { 'cache_l1_bytes{instance="a"}': '970x180', 'cache_l1_max_bytes{instance="a"}': '1000x180' },
    summary: 'a: L1 is 97% full',
    quiet: { 'cache_l1_bytes{instance="a"}': '940x180', 'cache_l1_max_bytes{instance="a"}': '1000x180' },
  },
  StrataEvictionsByCapacity: {
    fires: { [PUSHED]: '0+120x180', [read('a', 'miss')]: '0+120x180' },
    summary: 'a: L1 pushes 2 entries a second out for want of room',
    labels: { reason: 'capacity' },
    // Few of the misses can be its doing.
    quiet: { [PUSHED]: '0+120x180', [read('a', 'miss')]: '0+1200x180' },
  },
  StrataRedisMemory: {
    fires: {
      'cache_redis_memory_bytes{instance="a",redis="l2"}': '95x180',
      'cache_redis_max_memory_bytes{instance="a",redis="l2"}': '100x180',
    },
    summary: 'Redis has 95% of its memory in use, as a sees it',
    labels: { redis: 'l2' },
    // No bound: nothing is near it.
    quiet: {
      'cache_redis_memory_bytes{instance="a",redis="l2"}': '95x180',
      'cache_redis_max_memory_bytes{instance="a",redis="l2"}': '0x180',
    },
  },
  StrataSlow: {
    fires: {
      [took('1.024')]: '0x180',
      [took('2.048')]: '0+6000x180',
      [took('+Inf')]: '0+6000x180',
      [TOOK]: '0+6000x180',
    },
    summary: 'a: one request in a hundred takes longer than 2.038s',
    quiet: { [took('0.512')]: '0+6000x180', [took('+Inf')]: '0+6010x180', [TOOK]: '0+6010x180' },
  },
};

const { groups } = parse(readFileSync(RULES, 'utf8')) as { groups: { rules: (Alert | { record: string })[] }[] };
const alerts = groups.flatMap(({ rules }) => rules).filter((rule): rule is Alert => 'alert' in rule);

const seriesOf = (series: Series): object[] =>
  Object.entries(series).map(([name, values]) => ({ series: name, values }));

describe('promtool, of the files', () => {
  needs('prometheus');

  it('promtool finds nothing wrong with the configuration and the rules', async () => {
    const { stdout } = await run('promtool', ['check', 'config', join(FOLDER, 'prometheus.yml')]);
    expect(stdout).toMatch(new RegExp(`SUCCESS: ${alerts.length + 1} rules found`));
  });
});

it('each alert has a case here, says what it is about and what to do', () => {
  expect(alerts.map(({ alert }) => alert)).toEqual(Object.keys(CASES));
  for (const { annotations, labels } of alerts) {
    expect(annotations.summary).toMatch(/\{\{ \$labels\.instance \}\}/);
    expect(annotations.description.length).toBeGreaterThan(80);
    expect(labels.severity).toMatch(/^(critical|warning|info)$/);
  }
});

describe('promtool, of each alert', () => {
  needs('prometheus');

  it.each(effort(alerts.slice(0, 2), alerts).map((rule): [string, Alert] => [rule.alert, rule]))(
    '%s fires when it should, and not when it need not',
    async (alertname, rule) => {
      const { fires, quiet, summary, labels } = CASES[alertname]!;
      const expected = {
        exp_labels: { ...rule.labels, instance: 'a', ...labels },
        exp_annotations: { ...rule.annotations, summary },
      };
      const test = (series: Series, alerts: object[]): object => ({
        interval: '1m',
        input_series: seriesOf(series),
        alert_rule_test: [{ eval_time: '3h', alertname, exp_alerts: alerts }],
      });
      await promtool({
        rule_files: [RULES],
        evaluation_interval: '1m',
        tests: [test(fires, [expected]), test(quiet, [])],
      });
    },
  );
});

async function promtool(tests: object): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'strata-promtool-'));
  try {
    const file = join(folder, 'tests.yml');
    writeFileSync(file, stringify(tests));
    await run('promtool', ['test', 'rules', file]).catch(({ stdout, stderr }: Record<'stdout' | 'stderr', string>) => {
      throw new Error(stdout + stderr);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
