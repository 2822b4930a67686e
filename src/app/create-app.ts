import { NestFactory } from '@nestjs/core';
import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from 'pino';
import { AppModule } from './app.module';
import { AppConfig } from '../config';
import type { DatabaseServer } from '../database';
import { databaseProblem } from './database-problem';
import {
  addDocs,
  addPages,
  addServerHooks,
  CommonHeaders,
  createAdapter,
  NestPinoLogger,
  ProblemFilter,
  RequestValidationPipe,
} from '../http';

/** The whole application, not yet listening. */
export async function createApp(
  config: AppConfig,
  server: Promise<DatabaseServer>,
  logger: Logger,
): Promise<NestFastifyApplication> {
  const common = new CommonHeaders(config.http.corsOrigins);
  const adapter = createAdapter(logger, { common });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.for(config, server), adapter, {
    logger: new NestPinoLogger(logger),
    abortOnError: false,
    // Fastify's own parser for JSON, without Nest's for forms.
    bodyParser: false,
  });
  addServerHooks(app, common);
  app.useGlobalPipes(new RequestValidationPipe());
  app.useGlobalFilters(new ProblemFilter(databaseProblem));
  addDocs(app);
  addPages(app);
  return app;
}
