import { embedded } from '../support/backends';
import { databaseAnswers } from '../support/database-answers';
import { startStrata } from '../support/strata-process';

/** As in the shell of someone who works with another PostgreSQL. */
const ANOTHER_SERVER = {
  PGHOST: 'db.invalid',
  PGHOSTADDR: '203.0.113.1',
  PGPORT: '1',
  PGUSER: 'clerk',
  PGPASSWORD: 'hunter2',
  PGDATABASE: 'shop',
  PGSSLMODE: 'require',
  PGSSLNEGOTIATION: 'direct',
  PGOPTIONS: '-c no_such_setting=1',
  PGAPPNAME: 'psql',
  PGTZ: 'Nowhere/Never',
  PGREPLICATION: 'database',
  PGCLIENTENCODING: 'LATIN1',
};

it('variables of libpq and of the pg driver change nothing for the embedded database', async () => {
  const backend = await embedded(10_000);
  try {
    const service = await startStrata({ ...backend.env, ...ANOTHER_SERVER });
    await databaseAnswers(service.url);
    await service.stop();
  } finally {
    await backend.dispose();
  }
});
