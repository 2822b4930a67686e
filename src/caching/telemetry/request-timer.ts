import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

const START = 'http.server.request.start';
const FINISH = 'http.server.response.finish';
const STARTED = Symbol('started');

interface Message {
  readonly request: IncomingMessage;
  readonly response: ServerResponse & { [STARTED]?: number };
  readonly server: Server;
}

/**
 * How long whole requests take, from their first line to the last byte handed to the socket, as Node itself tells it: so what the
 * fast path answers in front of the framework is timed as well.
 */
export class RequestTimer {
  /** @param told milliseconds */
  constructor(
    private readonly server: () => unknown,
    private readonly told: (request: IncomingMessage, response: ServerResponse, ms: number) => void,
  ) {
    subscribe(START, this.start);
    subscribe(FINISH, this.finish);
  }

  close(): void {
    unsubscribe(START, this.start);
    unsubscribe(FINISH, this.finish);
  }

  private readonly start = (message: unknown): void => {
    const { response, server } = message as Message;
    if (server === this.server()) response[STARTED] = performance.now();
  };

  private readonly finish = (message: unknown): void => {
    const { request, response } = message as Message;
    const started = response[STARTED];
    if (started !== undefined) this.told(request, response, performance.now() - started);
  };
}
