import type { Backend, OpenBackend } from './backends';
import { type Answer, type RequestOptions, send } from './client';
import { startStrata, type StrataProcess } from './strata-process';

/** One service for a whole suite, on ten thousand products. */
export interface Service {
  get: <T = unknown>(path: string, options?: RequestOptions) => Promise<Answer<T>>;
  send: <T = unknown>(method: string, path: string, options?: RequestOptions) => Promise<Answer<T>>;
  process: () => StrataProcess;
  /** Of its database; empty for the embedded one. */
  databaseUrl: () => string;
}

/** Starts it before the suite's tests and takes everything away after them. */
export function useService(open: OpenBackend, env: Record<string, string> = {}): Service {
  let backend: Backend | undefined;
  let running: StrataProcess | undefined;

  beforeAll(async () => {
    backend = await open(10_000);
    running = await startStrata({ ...backend.env, ...env });
  });

  afterAll(async () => {
    await running?.stop();
    await backend?.dispose();
  });

  const process = (): StrataProcess => {
    if (!running) throw new Error('The service is not running');
    return running;
  };
  return {
    process,
    databaseUrl: () => backend?.env.DATABASE_URL ?? '',
    get: (path, options) => send(process().url, path, options),
    send: (method, path, options) => send(process().url, path, { method, ...options }),
  };
}
