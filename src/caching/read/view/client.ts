import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { NEVER, type Observable } from 'rxjs';
import { isAbandonment, type Waiter, Waiters } from '../../core/async/waiters';
import type { Exchange } from './exchange';

/** The response is sent already, so this never emits: Nest would send its value, or its completion, once more. */
export const SENT: Observable<never> = NEVER;

/** The requests that wait on a connection: there may be several, and the socket has one listener for all. */
const waiting = new WeakMap<Socket, Set<() => void>>();

/** The client of a request, as a caller of the load of its response: it leaves when its connection closes before that was sent. */
export class Client implements Waiter {
  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
  ) {}

  get hasLeft(): boolean {
    return this.request.socket.destroyed && !this.response.writableFinished;
  }

  onLeave(listener: () => void): () => void {
    const listeners = listenersOf(this.request.socket);
    const whenClosed = (): void => {
      if (!this.response.writableFinished) listener();
    };
    listeners.add(whenClosed);
    return () => void listeners.delete(whenClosed);
  }
}

/** Responds to a client that may hang up meanwhile. Then nothing is sent, and a load that was abandoned for it is no failure. */
export async function unlessGone(
  { request, reply }: Exchange,
  respond: (client: Client) => Promise<Observable<unknown>>,
): Promise<Observable<unknown>> {
  const client = new Client(request.raw, reply.raw);
  try {
    return await respond(client);
  } catch (error) {
    if (client.hasLeft && isAbandonment(error)) return SENT;
    throw error;
  }
}

/** Runs the handler past the cache. What it loads is abandoned all the same when the client hangs up. */
export function handleFor({ request, reply: { raw }, next }: Exchange): Observable<unknown> {
  const waiters = new Waiters(new Client(request.raw, raw));
  // Nest binds the handler to the scope in which it is resolved.
  const { begun, leave } = waiters.begin(() => next.handle());
  raw.once('finish', () => waiters.end());
  raw.once('close', leave);
  return begun;
}

function listenersOf(socket: Socket): Set<() => void> {
  let listeners = waiting.get(socket);
  if (!listeners) {
    const own = (listeners = new Set());
    waiting.set(socket, own);
    socket.once('close', () => {
      for (const listener of [...own]) listener();
    });
  }
  return listeners;
}
