export { databaseFault } from './database-errors';
export { DatabaseServer } from './database-server';
export { DatabaseModule } from './database.module';
export { connectWithoutLimits } from './data-source';
export { migrate } from './migrate';
export { withProgressBar } from './seed/progress';
export { seedProducts, SeedOptions } from './seed/seed';
