import { send, tokenFor } from '../../support/client';
import { EdgeSite, json, needsOf, edges, ONE_NODE } from '../../support/edge-site';
import { needs } from '../../support/needs';

const PATH = '/api/products/60';
const EDITOR = tokenFor('editor', 'editor');
const METHODS = ['PATCH', 'PUT', 'DELETE'];

describe.each(edges('nginx'))('at a node and behind %s', (name) => {
  needs(...needsOf(name));
  let site: EdgeSite;
  beforeAll(async () => {
    site = await EdgeSite.open(name, {}, ONE_NODE);
  });
  afterAll(() => site.close());

  it.each(METHODS)(
    'If-None-Match of a star or of the current tag: %s is a 412, and nothing is written',
    async (method) => {
      for (const base of [site.nodes[0]!.url, site.edge.url]) {
        const before = await site.warm(PATH);
        const body = json<Record<string, unknown>>(before);
        for (const condition of ['*', String(before.headers.etag), `"other", ${String(before.headers.etag)}`]) {
          const answer = await send(base, PATH, {
            method,
            token: EDITOR,
            headers: { 'if-none-match': condition },
            ...(method === 'DELETE' ? {} : { json: method === 'PUT' ? { ...body, stock: 1 } : { stock: 1 } }),
          });
          expect([base, condition, answer.status]).toEqual([base, condition, 412]);
          expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
        }
        expect((await site.get(PATH)).body.toString()).toBe(before.body.toString());
        expect((await send(site.nodes[0]!.url, PATH)).text).toBe(before.body.toString());
      }
    },
  );
});
