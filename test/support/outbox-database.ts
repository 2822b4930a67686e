import { Client } from 'pg';
import { createOutbox } from '../../src/caching';
import { type Backend, postgresAndRedis } from './backends';

/** A database of the suite's own with an empty outbox for each test. @returns opens a session that ends with the test */
export function useOutboxDatabase(): () => Promise<Client> {
  let backend: Backend;
  const clients: Client[] = [];

  beforeAll(async () => {
    backend = await postgresAndRedis();
    await createOutbox(await connect());
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()));
    await run(await connect(), 'TRUNCATE cache_outbox');
  });
  afterAll(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()));
    await backend.dispose();
  });

  const connect = async (): Promise<Client> => {
    const client = new Client({ connectionString: backend.env.DATABASE_URL });
    await client.connect();
    clients.push(client);
    return client;
  };
  return connect;
}

export function run(client: Client, sql: string): Promise<unknown> {
  return client.query(sql);
}
