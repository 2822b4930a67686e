export { databaseFault } from './errors';
export { DatabaseServer } from './server';
export { ReadGate, type ReadKind, ReadRefusedError, type ReadSignal } from './read-gate';
export { DatabaseModule } from './database.module';
export { connectWithoutLimits, dataSourceOptions, optionsWithoutLimits } from './data-source';
export { migrate, withMigrationLock } from './migrate';
