import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Requests of one connection that may wait behind the first. Node parses a packet whole: of small requests it holds some thousand,
 * and a client that reads nothing would have the node keep the responses of all.
 */
export const MAX_WAITING = 64;

const waiting = new WeakMap<Socket, number>();

/** Counts this request. @returns whether `MAX_WAITING` others wait already (RFC 9112 §9.3.2) */
export function waitsBehindTooMany({ socket }: IncomingMessage, response: ServerResponse): boolean {
  // Node gives a response its socket once all before it are sent. Without pipelining, that is at once.
  if (response.socket !== null) return false;
  const count = waiting.get(socket) ?? 0;
  if (count === MAX_WAITING) return true;
  waiting.set(socket, count + 1);
  response.once('close', () => waiting.set(socket, waiting.get(socket)! - 1));
  return false;
}
