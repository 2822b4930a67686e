import { ask } from '../ask';
import { page } from '../catalogue-requests';
import { catalogueSelects } from '../catalogue-statements';
import { askAtOnce } from '../crowd';
import type { Lab } from '../lab';
import { PEERS } from '../peers/peers';
import { count, ms } from '../report/format';
import type { Section } from '../report/section';
import { interleaved } from '../rounds';
import { StatementProxy } from '../statement-proxy';
import { median } from '../statistics';
import type { Bench, Step } from '../step';

/** Pages that only warm the service up, and the first of those that are stormed. */
const WARM_PAGES = [1, 2];
const FIRST_STORMED = 3;

export const stampede: Step = { name: 'stampede', title: 'A stampede: first requests, all at once', run };

interface Party {
  name: string;
  urls: string[];
  database: StatementProxy;
}

interface Storm {
  pages: number;
  statements: number;
  ms: number;
}

async function run({ profile, lab, progress }: Bench): Promise<Section> {
  progress('starting services');
  const parties = await invite(lab, profile.rows);
  const storms = await interleaved(parties, profile.rounds, async ({ name, urls, database }, round) => {
    progress(`round ${round + 1}/${profile.rounds}, ${name}`);
    if (round === 0) for (const url of urls) for (const warm of WARM_PAGES) await ask(url, page(warm));
    const before = database.statements.length;
    const took = await askAtOnce(urls, page(FIRST_STORMED + round), profile.crowd);
    return { ...counted(database.statements.slice(before)), ms: took };
  });
  return report(profile.crowd, storms);
}

async function invite(lab: Lab, rows: number): Promise<Party[]> {
  const proxied = async (): Promise<StatementProxy> => {
    const proxy = await StatementProxy.to(await lab.database(rows));
    lab.closeLater(() => proxy.close());
    return proxy;
  };
  const parties: Party[] = [];
  for (const nodes of [2, 1]) {
    const database = await proxied();
    const settings = lab.settings(database.url);
    const started = await Promise.all(Array.from({ length: nodes }, () => lab.strata(settings)));
    const urls = started.map(({ url }) => url);
    parties.push({ name: `Strata, ${nodes === 1 ? '1 node' : `${nodes} nodes`}`, urls, database });
  }
  const databases: StatementProxy[] = [];
  for (let i = 0; i < PEERS.length; i += 1) databases.push(await proxied());
  const peers = await Promise.all(PEERS.map((peer, i) => lab.peer(peer, databases[i]!.url)));
  peers.forEach(({ url }, i) => parties.push({ name: PEERS[i]!.name, urls: [url], database: databases[i]! }));
  return parties;
}

/** A page is one statement for its rows and one for their number, where that is not known yet. */
function counted(statements: readonly string[]): Omit<Storm, 'ms'> {
  const catalogue = catalogueSelects(statements);
  return { pages: catalogue.filter((text) => /LIMIT (50|\$\d)/i.test(text)).length, statements: catalogue.length };
}

function report(crowd: number, storms: Map<Party, Storm[]>): Section {
  const rows = [...storms].map(([{ name }, all]) => ({
    name,
    pages: median(all.map((one) => one.pages)),
    most: Math.max(...all.map((one) => one.pages)),
    statements: median(all.map((one) => one.statements)),
    ms: median(all.map((one) => one.ms)),
  }));
  return {
    title: 'A stampede: first requests, all at once',
    text: [
      `${count(crowd)} connections request one page that was never requested before, at the same moment, dealt out to the nodes in turn. Queries are counted on ` +
        'the wire, by a proxy in front of PostgreSQL that reads the protocol: "page" is a SELECT with a LIMIT; "all" has counts as well, and the one query of ' +
        'Strata, which reads the 50 rows by their ids: those, and the count, it has cached with the pages around. All services share one core.',
    ],
    tables: [
      {
        columns: ['', 'page queries', 'most in a round', 'all queries', 'last response after'],
        rows: rows.map((row) => [row.name, count(row.pages), count(row.most), count(row.statements), ms(row.ms)]),
      },
    ],
    charts: [
      {
        name: 'stampede',
        title: `Database queries for ${count(crowd)} first requests at once`,
        subtitle: 'SELECTs of the same page, counted on the wire; less is better',
        kind: 'bars',
        labels: rows.map(({ name }) => name),
        series: [{ name: 'page queries', values: rows.map(({ pages }) => pages) }],
        format: count,
      },
    ],
  };
}
