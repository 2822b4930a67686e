import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { TestRun } from './run';

/** URLs of servers, the name of a database with products to be copied, and a folder of the embedded database with them. */
export type SharedKind = 'postgres' | 'redis' | 'products' | 'folder';

/** Asks the process of the run (shared-servers.ts) for what all its suites share. */
export async function shared(kind: SharedKind, count?: number): Promise<string> {
  const { socket: socketPath } = TestRun.current();
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: `/${kind}/${count ?? ''}`, agent: false }, (answer) => {
      const done = answer.statusCode === 200 ? resolve : (why: string) => reject(new Error(why));
      text(answer).then(done, reject);
    });
    asked.once('error', reject).end();
  });
}
