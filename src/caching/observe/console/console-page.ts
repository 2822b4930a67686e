import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { strongEtag } from '../../read/view/response/etag';

/** Loaded in this order: each script uses declarations of the previous ones. */
const SCRIPTS = [
  'dom.js',
  'format.js',
  'live.js',
  'flow.js',
  'chart.js',
  'tables.js',
  'tools.js',
  'read.js',
  'console.js',
];

export interface ConsolePage {
  readonly html: Buffer;
  /** Content-Security-Policy that allows only the page's own inline script and style, by hash. */
  readonly policy: string;
  readonly etag: string;
}

/** The console as one self-contained page. @param api path of the admin routes, without a leading slash */
export function consolePage(api: string): ConsolePage {
  const style = file('console.css');
  const scripts = SCRIPTS.map(file);
  const html = file('console.html')
    .replaceAll('{{api}}', () => `/${api}`)
    .replace('{{style}}', () => `<style>${style}</style>`)
    .replace('{{scripts}}', () => scripts.map((script) => `<script>${script}</script>`).join('\n'));
  const bytes = Buffer.from(html);
  return { html: bytes, policy: policyFor(style, scripts), etag: strongEtag(bytes) };
}

function policyFor(style: string, scripts: string[]): string {
  return [
    "default-src 'none'",
    `script-src ${scripts.map(hash).join(' ')}`,
    `style-src ${hash(style)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function hash(source: string): string {
  return `'sha256-${createHash('sha256').update(source).digest('base64')}'`;
}

function file(name: string): string {
  return readFileSync(join(__dirname, 'page', name), 'utf8');
}
