/** What a server that this one depends on sent is not what was expected. The message quotes nothing of it. */
export class UpstreamError extends Error {}

export interface FetchJsonOptions {
  /** As the message of an error calls the server. */
  name: string;
  signal: AbortSignal;
  /** Largest body that is read, in bytes: an endless one must not fill the memory. */
  maxBytes: number;
}

/**
 * GET of a JSON document from the address that the operator configured, and from no other: a redirect is refused, as it could lead
 * into the network of this server.
 * @throws UpstreamError for any response but a good one; what `fetch` and `JSON.parse` throw
 */
export async function fetchJson(url: string, { name, signal, maxBytes }: FetchJsonOptions): Promise<unknown> {
  const response = await fetch(url, { signal, redirect: 'manual', headers: { accept: 'application/json' } });
  if (!response.ok) {
    await response.body?.cancel();
    const isRedirect = response.status >= 300 && response.status < 400;
    throw new UpstreamError(
      `${name} answered ${response.status}${isRedirect ? ', and redirects are not followed' : ''}`,
    );
  }
  return JSON.parse(await limitedText(response, name, maxBytes)) as unknown;
}

/**
 * Why a call to another server failed, for the log: what that server did wrong, or the code of the
 * fault (`ECONNREFUSED`). The message of fetch is not used: it is "fetch failed" for each fault, or
 * quotes the URL, which may hold a key.
 */
export function fetchFault(error: unknown): string {
  if (error instanceof UpstreamError) return error.message;
  if (!(error instanceof Error)) return 'unknown';
  return codeOf(error.cause) ?? codeOf(error) ?? error.name;
}

function codeOf(error: unknown): string | undefined {
  const { code } = Object(error) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

async function limitedText(response: Response, name: string, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop by an error cancels the stream.
  for await (const chunk of response.body ?? []) {
    const bytes = chunk as Uint8Array;
    size += bytes.byteLength;
    if (size > maxBytes) throw new UpstreamError(`${name} sent more than ${maxBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
