import { AddressInfo } from 'node:net';
import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { bold, cyan, dim } from 'picocolors';
import { TokenService } from './auth';
import { AppConfig } from './config';

const A_DAY = 24 * 60 * 60;

/** What to do now that it runs. In production the log says where it listens, and nothing more. */
export function welcome(app: NestFastifyApplication, config: AppConfig): void {
  const { port } = app.getHttpServer().address() as AddressInfo;
  const host = ['0.0.0.0', '::'].includes(config.http.host) ? 'localhost' : config.http.host;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (config.production) return;

  const database =
    config.database.url === undefined ? `embedded PostgreSQL in ${config.database.dataDir}` : 'PostgreSQL';
  const lines = [
    `${bold('Strata')} is ready on ${database}.`,
    '',
    `  Swagger UI   ${cyan(`${url}/docs`)}`,
    `  Console      ${cyan(`${url}/console`)}`,
    '',
    ...tokenLines(app, config),
    '',
    `  curl '${url}/api/products?page=1'`,
    `  curl '${url}/api/products?category=kitchen&max_price=50&ordering=-rating'`,
    `  curl -X PATCH '${url}/api/products/1' -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"stock": 7}'`,
  ];
  process.stdout.write(`\n${lines.join('\n')}\n\n`);
}

function tokenLines(app: NestFastifyApplication, config: AppConfig): string[] {
  if (!config.auth.generated) return ['  TOKEN=$(npm run --silent token -- --sub alice --role editor)'];
  const token = app.get(TokenService).sign({ id: 'demo', roles: ['editor', 'admin'] }, A_DAY);
  const how = 'A token with the roles editor and admin, good until this process stops (a day at most):';
  return [`  ${dim(how)}`, `  TOKEN=${token}`];
}
