import type { IncomingHttpHeaders } from 'node:http';
import { EdgeSite, needsOf, edges, ONE_NODE } from '../../support/edge-site';
import { eventually } from '../../support/eventually';
import { answerJson, type FakeServer, startFakeServer } from '../../support/fake-server';
import { ask } from '../../support/http';
import { needs } from '../../support/needs';
import { Nginx } from '../../support/nginx';
import { Varnish } from '../../support/varnish';

const CHROME = {
  accept: 'text/html,application/json;q=0.9,*/*;q=0.8',
  'accept-encoding': 'gzip, deflate, br, zstd',
  'accept-language': 'en-GB,en;q=0.9',
  'sec-fetch-mode': 'navigate',
  'upgrade-insecure-requests': '1',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0',
};

describe.each(edges('varnish'))('a miss of %s', (name) => {
  needs(...needsOf(name));
  let recorder: FakeServer;
  let edge: Nginx | Varnish;
  let site: EdgeSite;
  /** What the edge sends to a node for a URL. */
  const sent: Record<string, IncomingHttpHeaders> = {};
  beforeAll(async () => {
    recorder = await startFakeServer();
    recorder.behave((request, response, call) => {
      sent[request.url!] = request.headers;
      answerJson({})(request, response, call);
    });
    const port = Number(new URL(recorder.url).port);
    edge = name === 'nginx' ? await Nginx.start([port, port]) : await Varnish.start([port, port]);
    site = await EdgeSite.open(name, {}, ONE_NODE);
  });
  afterAll(async () => {
    await edge.stop();
    await recorder.close();
    await site.close();
  });

  it('opens a URL at a node, and the fast path serves the next one', async () => {
    const path = '/api/products/70';
    await ask(edge.url, path, { headers: CHROME });
    const headers = Object.fromEntries(
      Object.entries(sent[path]!).filter(([header]) => header !== 'connection'),
    ) as Record<string, string>;
    expect(headers['accept-encoding']).toBe('br');
    await eventually(async () => {
      const answer = await ask(site.nodes[0]!.url, path, { headers });
      expect(answer.status).toBe(200);
      // The pipeline names each request; the fast path, which logs none, does not.
      return !('x-request-id' in answer.headers);
    });
  });
});
