import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet, { type HelmetOptions } from 'helmet';

type Headers = Readonly<Record<string, string>>;

/** Headers of helmet that are not needed here. */
const SUPERFLUOUS: HelmetOptions = {
  // For browsers that are long gone.
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
  originAgentCluster: false,
  // frame-ancestors says it.
  xFrameOptions: false,
};

/** For JSON: opened as a page, it runs nothing and loads nothing. */
export const DATA_HEADERS: Headers = headersOf({
  ...SUPERFLUOUS,
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  // Both are for pages: no link leads from JSON to anywhere, and nothing opens it to talk to it.
  referrerPolicy: false,
  crossOriginOpenerPolicy: false,
});

/** For pages: Swagger UI styles its elements inline, and loads what it needs from here. */
export const PAGE_HEADERS: Headers = headersOf({
  ...SUPERFLUOUS,
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      objectSrc: ["'none'"],
      baseUri: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
});

/** What helmet says with these settings is the same for every request, so it is read once. */
function headersOf(options: HelmetOptions): Headers {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  helmet(options)(request, response, (error) => {
    if (error instanceof Error) throw error;
  });
  return Object.fromEntries(Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]));
}
