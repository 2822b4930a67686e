import { type ServerResponse, STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import { isRefused } from './connections';
import type { EarlyRefusals } from './early-refusal';

const FAULTS: Record<string, [status: number, detail: string]> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'],
};
const MALFORMED: [status: number, detail: string] = [400, 'This is not a request of HTTP/1.1.'];

/**
 * Node's own note of the response that the connection is busy with. There is no public way to ask; where Node does not keep it,
 * bytes that were sent before mean the same.
 */
type BusySocket = Socket & { _httpMessage?: ServerResponse | null };

/**
 * What the HTTP parser refuses has no request to go with it. On a connection that is busy with a response, another one would be taken
 * for a part of the first: there the connection ends.
 */
export function refuseBrokenRequest(
  refusals: EarlyRefusals,
  error: Error & { code?: string },
  socket: BusySocket,
): void {
  if (isRefused(socket)) return;
  if (error.code === 'ECONNRESET' || !socket.writable || isBusy(socket)) return void socket.destroy();
  const { status, headers, body } = refusals.refusal(...(FAULTS[error.code ?? ''] ?? MALFORMED));
  const fields = Object.entries({ date: new Date().toUTCString(), ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields.join('')}\r\n${body}`);
}

/** A request that is not complete is the broken one itself: until its response has begun, the refusal is that response. */
function isBusy(socket: BusySocket): boolean {
  if (!('_httpMessage' in socket)) return socket.bytesWritten > 0;
  const { _httpMessage: response } = socket;
  return response ? response.req.complete || response.headersSent : false;
}
