import { Nginx } from '../../test/support/nginx';
import { freePort } from '../../test/support/redis-server';
import { Varnish } from '../../test/support/varnish';
import { ask } from '../ask';
import { page } from '../catalogue-requests';
import { contest, standings } from '../contest';
import { CONNECTIONS } from '../load';
import { has, pin, SERVER_CORE } from '../processes';
import type { Section } from '../report/section';
import type { Bench, Step } from '../step';

export const edge: Step = { name: 'edge', title: 'Hits at the edge', inDepth: true, run };

async function run(bench: Bench): Promise<Section> {
  const { profile, lab, progress } = bench;
  progress('starting a node, nginx and Varnish');
  const settings = lab.settings(await lab.database(profile.rows));
  const ports = { nginx: await freePort(), varnish: await freePort() };
  const node = await lab.strata(settings);
  // Its tags are in a header of their own, so it is a node of its own.
  const tagged = await lab.strata({
    ...settings,
    EDGE_PURGE: 'varnish',
    EDGE_PURGE_URL: `http://127.0.0.1:${ports.varnish}`,
  });
  const port = ({ url }: { url: string }): number => Number(new URL(url).port);
  const { text } = await ask(node.url, page(1));
  const contestants = [
    { name: 'raw http', ...(await lab.raw(text)), path: '/' },
    { name: 'L1 hit of a node', url: node.url, pid: node.pid, path: page(1) },
  ];
  if (has('nginx')) {
    const nginx = await Nginx.start([port(node)], ports.nginx);
    lab.closeLater(() => nginx.stop());
    contestants.push({ name: 'nginx hit', url: nginx.url, pid: nginx.worker, path: page(1) });
  }
  if (has('varnishd')) {
    const varnish = await Varnish.start([port(tagged)], ports.varnish);
    lab.closeLater(() => varnish.stop());
    contestants.push({ name: 'Varnish hit', url: varnish.url, pid: varnish.pid, path: page(1) });
  }
  contestants.forEach(({ pid }) => pin(pid, SERVER_CORE));
  const all = await contest(
    bench,
    contestants.map(({ name, url, pid, path }) => ({ name, pid, url: url + path })),
  );
  return {
    title: 'Hits at the edge',
    text: [
      `The first page of 50 products, ${CONNECTIONS} connections, each server on one core. nginx asks a node once a second ` +
        'whether the page is still the same; both edges are as docker/ has them.',
    ],
    tables: [standings(all)],
    charts: [],
  };
}
