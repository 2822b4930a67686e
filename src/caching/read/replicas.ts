import type { DataSource } from 'typeorm';
import type { DependencyTracker } from '../core/clock/dependency-tracker';

/** A connection, and what gives it back to its pool. */
type Obtained = [connection: object, release: (error?: Error) => void];

interface ReplicatedDriver {
  readonly isReplicated: boolean;
  obtainMasterConnection(): Promise<Obtained>;
  obtainSlaveConnection(): Promise<Obtained>;
}

/**
 * A replica lags behind its primary, and no clock says by how much: what a load reads there could be older than its tick (Law 1),
 * and would be served until its TTL. So loads read from the primary, whatever mode TypeORM's reads have; all else does as before.
 */
export class Replicas {
  private readonly connections = new WeakSet<object>();

  constructor(private readonly dependencies: Pick<DependencyTracker, 'current'>) {}

  /** Sends the reads of loads to the primary. Does nothing where the DataSource has no replicas. */
  avoid(dataSource: DataSource): void {
    const driver = dataSource.driver as unknown as ReplicatedDriver;
    if (!driver.isReplicated) return;
    const obtainReplica = driver.obtainSlaveConnection.bind(driver);
    driver.obtainSlaveConnection = async () => {
      if (this.dependencies.current()) return driver.obtainMasterConnection();
      const obtained = await obtainReplica();
      this.connections.add(obtained[0]);
      return obtained;
    };
  }

  /** Whether a connection leads to a replica: one that was obtained before a load began can be used inside it. */
  has(connection: object): boolean {
    return this.connections.has(connection);
  }
}
