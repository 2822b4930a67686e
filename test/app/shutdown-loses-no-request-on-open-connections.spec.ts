import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { anyDatabase } from '../support/backends';
import { tokenFor } from '../support/client';
import { effort } from '../support/effort';
import { eventually } from '../support/eventually';
import { startStrata } from '../support/strata-process';

interface Lost {
  method: string;
  why: string;
}

/** One connection, as a proxy's pool keeps it: one request after the other, until the server says that it closes. */
async function client(url: string, method: 'GET' | 'PATCH', lost: Lost[], count: { answered: number }): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const authorization = `Bearer ${tokenFor('eve', 'editor')}`;
  const headers = { authorization, 'content-type': 'application/json' };
  const ask = (stock: number): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const request = httpRequest(`${url}/api/products/1`, { method, headers, agent }, (response) => {
        response
          .resume()
          .once('end', () => resolve(response))
          .once('error', reject);
      });
      request.once('error', reject);
      request.end(method === 'PATCH' ? JSON.stringify({ stock }) : undefined);
    });
  for (let stock = 1; ; stock += 1) {
    try {
      const { statusCode, headers: given } = await ask(stock);
      if (statusCode === 200) count.answered += 1;
      else lost.push({ method, why: `status ${statusCode}` });
      if (given.connection === 'close') break;
    } catch (error) {
      // A connection that is refused has taken no request: a proxy goes to the next node.
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code !== 'ECONNREFUSED') lost.push({ method, why: code });
      break;
    }
  }
  agent.destroy();
}

it('reads and writes on kept connections get a response that says the connection closes', async () => {
  const backend = await anyDatabase(10_000);
  try {
    for (let round = 0; round < effort(1, 3); round += 1) {
      const service = await startStrata({ ...backend.env, THROTTLE_LIMIT: '0' });
      const lost: Lost[] = [];
      const count = { answered: 0 };
      const clients = Array.from({ length: 12 }, (_, i) => client(service.url, i % 3 ? 'GET' : 'PATCH', lost, count));
      await eventually(() => count.answered > 200);
      expect(await service.stop()).toBe(0);
      await Promise.all(clients);
      expect(lost).toEqual([]);
    }
  } finally {
    await backend.dispose();
  }
});
