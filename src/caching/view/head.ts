import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';

/** What Node's answers have had since 0.x, and its types do not tell. Where it is missing one day, every head is written anew. */
interface Internals {
  /** Status line and headers, as they go out. */
  _header?: string | null;
  _hasBody?: boolean;
  maxRequestsOnConnectionReached?: boolean;
}

type Response = ServerResponse<IncomingMessage>;

/** No body goes with it, whatever is given to `end()` (RFC 9110 §15.4.5). */
const NOT_MODIFIED = 304;

/**
 * The head of an answer that many get. Node takes longer to check and join fifteen headers than this cache to find an entry, and
 * makes the same text of them each time; so what it has made is kept for as long as it holds, which is a second: it has a `Date`.
 */
export class Head {
  private text = '';
  /** Seconds since the epoch. */
  private second = 0;

  /** @param fields names and values in turn, as `writeHead` takes them */
  constructor(
    private readonly status: number,
    private readonly fields: string[],
  ) {}

  /** Writes it on an answer to a GET; the bytes are those that `response.writeHead()` would write. */
  write(response: Response): void {
    if (!isOrdinary(response)) return void response.writeHead(this.status, this.fields);
    const second = Math.floor(Date.now() / 1_000);
    if (second === this.second) this.repeat(response);
    else {
      const { _header } = response.writeHead(this.status, this.fields) as Response & Internals;
      this.text = _header ?? '';
      this.second = _header ? second : 0;
    }
  }

  private repeat(response: Response & Internals): void {
    response.statusCode = this.status;
    response.statusMessage = STATUS_CODES[this.status]!;
    if (this.status === NOT_MODIFIED) response._hasBody = false;
    response._header = this.text;
  }
}

/** Nobody has put anything on it, or wants to hear of its headers; and its connection stays open, as its head says. */
function isOrdinary(response: Response & Internals): boolean {
  return (
    response.shouldKeepAlive &&
    !response.maxRequestsOnConnectionReached &&
    response.req.httpVersion === '1.1' &&
    response.writeHead === ServerResponse.prototype.writeHead &&
    response.getHeaderNames().length === 0
  );
}
