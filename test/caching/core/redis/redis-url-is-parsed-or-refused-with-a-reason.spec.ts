import { parseRedisUrl, withoutCredentials } from '../../../../src/caching';

const plain = { tls: false, credentials: undefined };

it.each<[string, object]>([
  ['redis://h', { kind: 'server', hosts: [{ host: 'h', port: 6379 }], database: 0, ...plain }],
  ['valkey://h/', { kind: 'server', hosts: [{ host: 'h', port: 6379 }], database: 0, ...plain }],
  [
    'rediss://u:p%40%3A@[::1]:7/15',
    {
      kind: 'server',
      hosts: [{ host: '::1', port: 7 }],
      database: 15,
      tls: true,
      credentials: { username: 'u', password: 'p@:' },
    },
  ],
  [
    'redis://:only-a-password@10.0.0.1',
    {
      kind: 'server',
      hosts: [{ host: '10.0.0.1', port: 6379 }],
      database: 0,
      tls: false,
      credentials: { username: undefined, password: 'only-a-password' },
    },
  ],
  [
    'valkeys+cluster://u:p:q@a:1,b.c:2',
    {
      kind: 'cluster',
      hosts: [
        { host: 'a', port: 1 },
        { host: 'b.c', port: 2 },
      ],
      tls: true,
      credentials: { username: 'u', password: 'p:q' },
    },
  ],
  [
    'redis+sentinel://u:p@a,b:2/my%2Fmaster/3?sentinel_username=s&sentinel_password=t%26',
    {
      kind: 'sentinel',
      hosts: [
        { host: 'a', port: 26379 },
        { host: 'b', port: 2 },
      ],
      master: 'my/master',
      database: 3,
      tls: false,
      credentials: { username: 'u', password: 'p' },
      sentinelCredentials: { username: 's', password: 't&' },
    },
  ],
])('%s', (url, target) => {
  expect(parseRedisUrl(url)).toEqual(target);
});

it.each([
  ['http://h', /^redis:/],
  ['redis:h', /^redis:/],
  ['redis://', /^redis:/],
  ['redis://u:hunter2@', /^redis:/],
  ['redis://u:hunter2/h', /host 1 or its port is malformed/],
  ['redis://u:hun@ter2@h', /^redis:/],
  ['redis://h:0', /the port of host 1 is not between/],
  ['redis://h:65536', /the port of host 1 is not between/],
  ['redis://h:6x', /host 1 or its port is malformed/],
  ['redis://a,b', /several hosts need redis\+cluster/],
  ['redis://h/one', /the database has to be a whole number/],
  ['redis://h/-1', /the database has to be a whole number/],
  ['redis://h?db=1', /an unknown option/],
  ['redis://u:hunter2%@h', /percent-encoded/],
  ['redis+cluster://a:1,b:2/3', /a cluster has no database number/],
  ['redis+cluster://a:1,,b:2', /host 2 or its port is malformed/],
  ['redis+cluster://[::1]:1,::1:2', /host 2 or its port is malformed/],
  ['redis+sentinel://a:1,b:2,c:70000/m', /the port of host 3 is not between/],
  ['redis+sentinel://a', /the path has to be the name of the master/],
  ['redis+sentinel://a/m/0/x', /the path has to be the name of the master/],
  ['redis+sentinel://a/m?sentinel_username=u', /sentinel_username needs a sentinel_password/],
  ['redis+sentinel://a/m?password=hunter2', /an unknown option/],
  ['redis+other://a', /^redis:/],
])('%s is refused with a reason that does not repeat the password', (url, reason) => {
  let message = '';
  try {
    parseRedisUrl(url);
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).toMatch(reason);
  expect(message).not.toContain('hunter2');
});

it.each([
  ['redis://u:p@h:1/2', 'redis://h:1/2'],
  ['rediss+sentinel://u:p@a,b/m/0?sentinel_password=x', 'rediss+sentinel://a,b/m/0'],
  ['redis+cluster://a:1,b:2', 'redis+cluster://a:1,b:2'],
])('%s is shown as %s', (url, shown) => {
  expect(withoutCredentials(url)).toBe(shown);
});
