import { Cors, type CorsOrigins } from './cors';
import { DOCS } from './openapi';
import { DATA_HEADERS, PAGE_HEADERS } from './security-headers';

type Headers = Readonly<Record<string, string>>;

/** Paths whose responses are data for anybody's page: the API and its description. */
const DATA = /^\/(api|problems|docs-json)\b/;

/** What every response says to browsers, refusals that no route has seen included. */
export class CommonHeaders {
  readonly cors: Cors;
  /** One object for all requests, made once: with `*` nothing depends on the caller. */
  private readonly open: Headers | undefined;

  constructor(origins: CorsOrigins) {
    this.cors = new Cors(origins);
    this.open = origins === '*' ? Object.freeze({ ...DATA_HEADERS, ...this.cors.headers(undefined) }) : undefined;
  }

  /** @param url of the request @param origin its `Origin` */
  of(url: string, origin: string | undefined): Headers {
    if (isData(url)) return this.open ?? { ...DATA_HEADERS, ...this.cors.headers(origin) };
    return url.startsWith(`/${DOCS}`) ? PAGE_HEADERS : DATA_HEADERS;
  }
}

export function isData(url: string): boolean {
  return DATA.test(url);
}
