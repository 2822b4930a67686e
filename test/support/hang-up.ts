import { get, type IncomingMessage } from 'node:http';

/** A request on a connection of its own, whose client can hang up. */
export interface HangUp {
  /** The status, once the whole response is there; rejects when the client has hung up. */
  readonly response: Promise<number>;
  readonly hangUp: () => void;
}

export function clientOf(url: string, headers: Record<string, string> = {}): HangUp {
  const request = get(url, { agent: false, headers });
  const response = new Promise<number>((resolve, reject) => {
    request.once('response', (message: IncomingMessage) => {
      message.resume().once('end', () => resolve(message.statusCode ?? 0));
    });
    request.once('error', reject);
  });
  response.catch(() => undefined);
  return { response, hangUp: () => void request.destroy() };
}
