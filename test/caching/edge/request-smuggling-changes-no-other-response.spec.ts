import { tokenFor } from '../../support/client';
import { EdgeSite, json, needsOf, edges, ONE_NODE } from '../../support/edge-site';
import { effort } from '../../support/effort';
import { needs } from '../../support/needs';
import { RawConnection } from '../../support/raw-connection';

interface Product {
  id: number;
  stock: number;
}

const ada = tokenFor('ada', 'editor');
const mallory = tokenFor('mallory', 'editor');
const HOST = 'Host: shop.example\r\n';

/** What an attacker would like the node to read as the next request of somebody else. */
const HIDDEN = [
  `GET /api/products?page=2&page_size=3 HTTP/1.1\r\n${HOST}X-Rest: `,
  `DELETE /api/products/40 HTTP/1.1\r\n${HOST}Authorization: Bearer ${mallory}\r\nX-Rest: `,
];

/** Bodies and how they are announced. `%` is the hidden request, `#` its length. */
const FRAMINGS: Record<string, (hidden: string) => string> = {
  'a whole body': (hidden) => `Content-Length: ${hidden.length}\r\n\r\n${hidden}`,
  'a body that never comes': () => 'Content-Length: 1300\r\n\r\n',
  'a body that comes in part': (hidden) => `Content-Length: ${hidden.length + 500}\r\n\r\n${hidden}`,
  chunks: (hidden) => `Transfer-Encoding: chunked\r\n\r\n${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
  'chunks that never end': (hidden) => `Transfer-Encoding: chunked\r\n\r\n${hidden.length.toString(16)}\r\n${hidden}`,
  'Expect and no body': () => 'Expect: 100-continue\r\nContent-Length: 1300\r\n\r\n',
  'an unknown Expect': () => 'Expect: 200-maybe\r\nContent-Length: 1300\r\n\r\n',
  'a length and chunks': (hidden) => `Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  'an unknown coding': (hidden) => `Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${hidden}`,
  'two codings': (hidden) => `Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n${hidden}`,
  'two lengths': (hidden) => `Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  'a folded header': (hidden) => `X-A: b\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  'a space before the colon': (hidden) => `Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
  'two Hosts': (hidden) => `Host: other.example\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
};

/** How often others ask after an attack. */
const TURNS = effort(1, 3);

const attacks = Object.keys(FRAMINGS).flatMap((framing) =>
  effort(['GET'], ['GET', 'HEAD', 'OPTIONS']).map((method) => ({ method, framing })),
);

/** A real node behind a real edge. Each attack is judged by what others get on the connections that the edge uses again. */
describe.each(edges('nginx'))('behind %s', (name) => {
  needs(...needsOf(name));
  let site: EdgeSite;
  let round = 0;
  beforeAll(async () => {
    site = await EdgeSite.open(name, {}, ONE_NODE);
  });
  afterAll(() => site.close());

  /** Every caller gets the response to their own request. New addresses each time: they have to reach a node. */
  async function othersAreWell(): Promise<void> {
    round += 1;
    const stock = 5_000 + round;
    const ask = (path: string, token?: string): ReturnType<EdgeSite['get']> =>
      site.get(path, token === undefined ? {} : { authorization: `Bearer ${token}` });
    for (let turn = 0; turn < TURNS; turn += 1) {
      const page = 1 + ((round * TURNS + turn) % 40);
      const [list, product, dashboard, stranger] = await Promise.all([
        ask(`/api/products?page_size=${5 + turn}&page=${page}`),
        ask(`/api/products/${100 + ((round * TURNS + turn) % 150)}`, ada),
        ask('/api/me/dashboard', ada),
        ask('/api/me/dashboard'),
      ]);
      expect(json<{ results: Product[] }>(list).results).toHaveLength(5 + turn);
      expect(json<Product>(product).id).toBe(100 + ((round * TURNS + turn) % 150));
      expect([dashboard.status, stranger.status]).toEqual([200, 401]);
      expect(dashboard.body.toString()).toContain('"user":"ada"');
    }
    const write = await site.send(site.edge.url, '/api/products/40', { method: 'PATCH', json: { stock }, token: ada });
    expect((write.body as Product).stock).toBe(stock);
  }

  it.each(attacks)('$method with $framing', async ({ method, framing }) => {
    for (const hidden of effort(HIDDEN.slice(1), HIDDEN)) {
      const head = `${method} /api/products/7?attack=${(round += 1)} HTTP/1.1\r\n${HOST}`;
      const attack = (await RawConnection.to(site.edge.url)).send(head + FRAMINGS[framing]!(hidden));
      await othersAreWell();
      attack.close();
      await othersAreWell();
    }
  });

  it('all attacks, pipelined between ordinary requests', async () => {
    for (const framing of Object.values(FRAMINGS)) {
      const ordinary = `GET /api/products/8 HTTP/1.1\r\n${HOST}\r\n`;
      const attack = `GET /api/products/9?x=${(round += 1)} HTTP/1.1\r\n${HOST}${framing(HIDDEN[1]!)}`;
      const connection = (await RawConnection.to(site.edge.url)).send(ordinary + attack + ordinary);
      await othersAreWell();
      await connection.responses(1);
      connection.close();
      await othersAreWell();
    }
  });
});
