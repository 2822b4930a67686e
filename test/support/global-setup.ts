import { answers, POSTGRES_URL, REDIS_URL } from './backends';

/** Looks for the real servers once, before any test: without them the suite is shorter, and says so; in CI that is a failure. */
export default async function globalSetup(): Promise<void> {
  const missing = [
    ...((await answers(POSTGRES_URL, 5432)) ? [] : ['PostgreSQL (TEST_DATABASE_URL)']),
    ...((await answers(REDIS_URL, 6379)) ? [] : ['Redis (TEST_REDIS_URL)']),
  ];
  process.env.STRATA_TEST_SERVERS = missing.length === 0 ? 'yes' : 'no';
  if (missing.length === 0) return;
  const message = `No ${missing.join(' and no ')} found: tests run on the embedded database alone.`;
  if (process.env.CI === 'true') throw new Error(`${message} In CI that is a failure.`);
  console.warn(`\n${message}`);
}
