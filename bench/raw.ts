/** Node's bare http server, answering what is in the file BODY with HEADERS beside those of its own: the measure of all others. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const body = readFileSync(process.env.BODY!);
const headers = {
  'content-type': 'application/json; charset=utf-8',
  ...(JSON.parse(process.env.HEADERS!) as Record<string, string>),
  'content-length': body.length,
};
const server = createServer((_request, response) => response.writeHead(200, headers).end(body));
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
