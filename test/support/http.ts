import { Agent, type IncomingHttpHeaders, request as httpRequest } from 'node:http';

/** An answer exactly as it came: fetch would decode the body and add headers of its own to the request. */
export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Names as they came, each once for every time it came. */
  names: string[];
  body: Buffer;
}

export interface RawRequest {
  method?: string;
  headers?: Record<string, string>;
}

const agent = new Agent({ keepAlive: true, maxSockets: 16 });

/** Sends a request with these headers and no others (but Host and Connection). */
export function ask(base: string, path: string, { method = 'GET', headers = {} }: RawRequest = {}): Promise<RawAnswer> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    // The path goes out as it is written: URL would tidy it up.
    const request = httpRequest({ hostname, port, path, method, headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const names = response.rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
        resolve({ status: response.statusCode ?? 0, headers: response.headers, names, body: Buffer.concat(chunks) });
      });
    });
    request.once('error', reject);
    request.end();
  });
}

/** What a client keeps of an answer; the rest tells of this one exchange (its time, its id, how the cache came by it). */
export function kept({ status, headers, body }: RawAnswer): object {
  const passing = ['date', 'x-request-id', 'cache-status', 'x-cache', 'age', 'connection', 'keep-alive'];
  const lasting = Object.entries(headers).filter(([name]) => !passing.includes(name));
  // A problem names the request it answers; all else of it is the same.
  const text = body.toString('latin1').replace(/"request_id":"[^"]*"/, '');
  return { status, headers: Object.fromEntries(lasting.sort()), body: text };
}

export const cacheStatus = ({ headers }: RawAnswer): string => String(headers['cache-status']);
