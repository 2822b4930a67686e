import { createHash } from 'node:crypto';
import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import { PROBLEM_TYPES, problemTitle } from './problem-types';

const STYLE = `
:root{color-scheme:light dark;--ink:#1d2733;--soft:#5b6876;--paper:#fbfaf7;--line:#dcd9d1;--link:#0b5cad}
@media(prefers-color-scheme:dark){:root{--ink:#e8e6e1;--soft:#a3adb8;--paper:#14181d;--line:#323a44;--link:#7cb7ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:42rem;margin:0 auto;padding:3rem 1.25rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .5rem}
p{margin:.5rem 0 1.5rem;color:var(--soft)}
ul{list-style:none;margin:0;padding:0;border-top:1px solid var(--line)}
li{border-bottom:1px solid var(--line)}
li a{display:flex;flex-wrap:wrap;gap:.1rem 1rem;padding:.8rem .25rem;color:inherit;text-decoration:none}
li b{flex:0 0 9rem;color:var(--link);font-weight:600}
li span{flex:1 1 14rem;color:var(--soft)}
a:hover b,a:focus-visible b{text-decoration:underline}
code{font:0.92em ui-monospace,monospace;overflow-wrap:anywhere}`;

/** Nothing runs, and nothing is loaded: only this style is taken. */
const HEADERS = {
  'content-security-policy':
    `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; ` +
    `base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'cache-control': 'no-cache',
  vary: 'Accept',
};

/** What a first visitor is led to. */
const LINKS: readonly [name: string, href: string, what: string][] = [
  ['API', '/api/products', 'The products as JSON, fifty a page, newest first'],
  ['Documentation', '/docs', 'Swagger UI: every route, to read and to try out'],
  ['OpenAPI', '/docs-json', 'The same for programs: generate a client from it'],
  ['Console', '/console', 'A live view of the cache; needs an administrator’s token'],
  ['Metrics', '/metrics', 'For Prometheus'],
  ['Health', '/health/ready', 'Whether this node is ready, and what it does without'],
];

/** `/` and `/problems/:status`: a small page for people, JSON for programs. */
export function addPages(app: NestFastifyApplication): void {
  const server = app.getHttpAdapter().getInstance();
  server.get('/', (request, reply) => {
    const links = Object.fromEntries(LINKS.map(([name, href]) => [name.toLowerCase(), href]));
    const items = LINKS.map(
      ([name, href, what]) => `<li><a href="${href}"><b>${name}</b><span>${what}</span></a></li>`,
    );
    const text = 'A product-catalogue API whose caches are never stale.';
    respond(
      request,
      reply,
      { name: 'Strata', description: text, links },
      'Strata',
      `<p>${text}</p><ul>${items.join('')}</ul>`,
    );
  });
  for (const [status, meaning] of Object.entries(PROBLEM_TYPES)) {
    const title = problemTitle(Number(status));
    server.get(`/problems/${status}`, (request, reply) => {
      const body = `<p>${meaning.replace(/`([^`]+)`/g, '<code>$1</code>')}</p><ul><li><a href="/docs"><b>Documentation</b><span>Which routes respond with it</span></a></li></ul>`;
      respond(request, reply, { status: Number(status), title, meaning }, `${status} ${title}`, body);
    });
  }
}

function respond(request: FastifyRequest, reply: FastifyReply, data: object, title: string, body: string): void {
  const accept = (request.headers.accept ?? '').slice(0, 500);
  // Of two that a client accepts equally, JSON: most programs accept anything.
  const [preferred] = new Negotiator({ headers: { accept } }).mediaTypes(['application/json', 'text/html']);
  const wantsPage = preferred === 'text/html';
  void reply.headers(HEADERS);
  if (!wantsPage) return void reply.type('application/json; charset=utf-8').send(JSON.stringify(data));
  void reply
    .type('text/html; charset=utf-8')
    .send(
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">` +
        `<title>${title}</title><style>${STYLE}</style></head><body><main><h1>${title}</h1>${body}</main></body></html>`,
    );
}
