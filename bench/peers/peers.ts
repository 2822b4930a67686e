/** An application that people build today for the same page. */
export interface Peer {
  name: string;
  http: 'fastify' | 'express';
  cache: 'none' | 'memory' | 'redis' | 'bento';
}

export const PEERS: readonly Peer[] = [
  { name: 'Nest Fastify, no cache', http: 'fastify', cache: 'none' },
  { name: 'Nest Express, no cache', http: 'express', cache: 'none' },
  { name: 'CacheInterceptor, memory, Fastify', http: 'fastify', cache: 'memory' },
  { name: 'CacheInterceptor, memory, Express', http: 'express', cache: 'memory' },
  { name: 'CacheInterceptor, Redis, Fastify', http: 'fastify', cache: 'redis' },
  { name: 'CacheInterceptor, Redis, Express', http: 'express', cache: 'redis' },
  { name: 'BentoCache (L1), Fastify', http: 'fastify', cache: 'bento' },
];
