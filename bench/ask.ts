import { Agent, request } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 32 });

export interface Asked {
  /** Milliseconds from the request to the last byte of its response. */
  ms: number;
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

export interface Question {
  method?: string;
  token?: string;
  json?: unknown;
  headers?: Record<string, string>;
  /** 404 is a response like any other. */
  absent?: boolean;
}

/** One request on a connection that stays open, and its whole response. @throws Error for a status of 400 or more */
export function ask(base: string, path: string, question: Question = {}): Promise<Asked> {
  const { method = 'GET', token, json, absent = false, headers: more } = question;
  const body = json === undefined ? undefined : JSON.stringify(json);
  const headers = {
    ...more,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
  };
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const sent = request(new URL(path, base), { agent, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const ms = performance.now() - began;
        const text = Buffer.concat(chunks).toString();
        const status = response.statusCode!;
        if (status < 400 || (absent && status === 404)) return resolve({ ms, status, headers: response.headers, text });
        reject(new Error(`${method} ${path}: ${status} ${text}`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
