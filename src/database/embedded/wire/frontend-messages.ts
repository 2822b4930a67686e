/**
 * What a client of PostgreSQL sends, cut into whole messages. Everything malformed is an error here, before PGlite sees a byte of it:
 * PGlite trusts a length and would read past it, or wait for the rest for ever.
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

/** What a connection may begin with. */
export type FirstMessage =
  /** TLS or GSSAPI encryption is requested. */
  | { readonly kind: 'encryption' }
  /** Another connection's statement shall be cancelled. */
  | { readonly kind: 'cancel' }
  | { readonly kind: 'startup'; readonly bytes: Buffer };

/** A message of a connection that has started: its type and all its bytes. */
export interface TypedMessage {
  readonly type: string;
  readonly bytes: Buffer;
}

/** The client does not speak the protocol, or speaks a part that a database inside a process does not have. */
export class ProtocolError extends Error {}

const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
const CANCEL_REQUEST = 80_877_102;
const PROTOCOL_3_0 = 196_608;
/** As PostgreSQL has it, in bytes. */
const LONGEST_STARTUP = 10_000;
/** The longest statement, in bytes. A row of this service takes a few kB. */
const LONGEST_MESSAGE = 64 * 1024 * 1024;
/** Bind, Close, Describe, Execute, Flush, Parse, Query, Sync, Terminate. Without COPY FROM STDIN and passwords: PGlite waits for ever for those. */
const TYPES = new Set(['B', 'C', 'D', 'E', 'H', 'P', 'Q', 'S', 'X']);

/** Collects bytes and gives out messages. */
export class FrontendMessages {
  private buffer: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): void {
    this.buffer = this.buffer.length === 0 ? bytes : Buffer.concat([this.buffer, bytes]);
  }

  /** @returns the message before a session, undefined while it is incomplete @throws ProtocolError */
  first(): FirstMessage | undefined {
    if (this.buffer.length < 4) return undefined;
    const length = this.buffer.readInt32BE(0);
    if (length < 8 || length > LONGEST_STARTUP) throw new ProtocolError('invalid length of startup packet');
    if (this.buffer.length < length) return undefined;
    const bytes = this.take(length);
    const code = bytes.readInt32BE(4);
    if (code === SSL_REQUEST || code === GSS_REQUEST) return { kind: 'encryption' };
    if (code === CANCEL_REQUEST) return { kind: 'cancel' };
    if (code !== PROTOCOL_3_0) throw new ProtocolError('unsupported frontend protocol');
    checkParameters(bytes);
    return { kind: 'startup', bytes };
  }

  /** @returns the next message of a session, undefined while it is incomplete @throws ProtocolError */
  next(): TypedMessage | undefined {
    if (this.buffer.length === 0) return undefined;
    const type = String.fromCharCode(this.buffer[0]!);
    if (!TYPES.has(type)) throw new ProtocolError(`invalid frontend message type ${this.buffer[0]}`);
    if (this.buffer.length < 5) return undefined;
    const length = this.buffer.readInt32BE(1);
    if (length < 4 || length > LONGEST_MESSAGE) throw new ProtocolError('invalid message length');
    return this.buffer.length < 1 + length ? undefined : { type, bytes: this.take(1 + length) };
  }

  private take(length: number): Buffer {
    const taken = this.buffer.subarray(0, length);
    this.buffer = this.buffer.subarray(length);
    return taken;
  }
}

/** Names and values, each ended by a zero, and one more zero. */
function checkParameters(startup: Buffer): void {
  const texts = startup.toString('latin1', 8).split('\0');
  const isClosed = texts.length % 2 === 0 && texts.at(-1) === '' && texts.at(-2) === '';
  const parameters = texts.slice(0, -2);
  const names = parameters.filter((_, index) => index % 2 === 0);
  if (!isClosed || names.includes('')) throw new ProtocolError('invalid startup packet layout');
  if (!names.includes('user')) throw new ProtocolError('no PostgreSQL user name specified in startup packet');
}

/** An ErrorResponse after which the server closes the connection. */
export function fatal(message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C08P01\0M${message}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}
