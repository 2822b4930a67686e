import { AddressInfo } from 'node:net';
import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { bold, cyan, dim } from 'picocolors';
import type { Logger } from 'pino';
import { TokenService } from '../auth';
import { AppConfig } from '../config';
import { startupSummary } from './startup-summary';

const A_DAY = 24 * 60 * 60;
const PAGES = { 'Swagger UI': 'docs', Console: 'console', Metrics: 'metrics' };
const WIDTH = 12;

/** The parts that the service runs on, and commands to start with. In production it is one line of the log. */
export async function printStartupBanner(
  app: NestFastifyApplication,
  config: AppConfig,
  logger: Logger,
): Promise<void> {
  const standing = await startupSummary(app, config);
  if (config.production) return logger.info({ ...standing }, 'Strata is ready');

  const { port } = app.getHttpServer().address() as AddressInfo;
  const host = ['0.0.0.0', '::'].includes(config.http.host) ? 'localhost' : config.http.host;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const lines = [
    `${bold('Strata')} is ready.`,
    '',
    ...Object.entries(standing).map(([part, how]) => `  ${dim(capitalised(part).padEnd(WIDTH))}${how}`),
    '',
    ...Object.entries(PAGES).map(([page, path]) => `  ${dim(page.padEnd(WIDTH))}${cyan(`${url}/${path}`)}`),
    '',
    ...(await tokenLines(app, config)),
    '',
    `  curl '${url}/api/products?page=1'`,
    `  curl '${url}/api/products?category=kitchen&max_price=50&ordering=-rating'`,
    `  curl -X PATCH '${url}/api/products/1' -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"stock": 7}'`,
  ];
  process.stdout.write(`\n${lines.join('\n')}\n\n`);
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

async function tokenLines(app: NestFastifyApplication, config: AppConfig): Promise<string[]> {
  if (config.auth.jwks) return ['  Tokens come from the identity provider of JWT_JWKS_URL.'];
  if (!config.auth.generated) return ['  TOKEN=$(npm run --silent token -- --sub alice --role editor)'];
  const token = await app.get(TokenService).sign({ id: 'demo', roles: ['editor', 'admin'] }, A_DAY);
  const how = 'A token with the roles editor and admin, valid until this process stops, for a day at most:';
  return [`  ${dim(how)}`, `  TOKEN=${token}`];
}
