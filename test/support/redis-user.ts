import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCS = readFileSync(join(__dirname, '../../docs/redis.md'), 'utf8');

/** The arguments of `ACL SETUSER` in docs/redis.md: user and prefix `strata`, password `password`. */
export const DOCUMENTED_USER = /^ACL SETUSER ([^`]+)/m.exec(DOCS)![1]!.trim().split(/\s+/);
/** Further rights that a cluster needs. */
export const DOCUMENTED_CLUSTER_RIGHTS = /A Redis Cluster needs `([^`]+)`/.exec(DOCS)![1]!.split(' ');
