import { AsyncLocalStorage } from 'node:async_hooks';
import compress from '@fastify/compress';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** How an application may be set up around its handlers. */
export type Setup = (app: NestFastifyApplication) => unknown;

/** The language of a request, as libraries for translation keep it. */
export const language = new AsyncLocalStorage<string>();

const languageOf = (headers: { 'accept-language'?: string }): string =>
  /^de\b/.test(headers['accept-language'] ?? '') ? 'de' : 'en';

export const SETUPS: Record<string, Setup> = {
  'as it comes': () => undefined,
  'a reply serializer': (app) => {
    app
      .getHttpAdapter()
      .getInstance()
      .setReplySerializer((value) =>
        JSON.stringify({ wrapped: value }, (_name, member: unknown) =>
          typeof member === 'bigint' ? `${member}n` : member,
        ),
      );
  },
  'a preSerialization hook': (app) => {
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('preSerialization', (_request, _reply, payload, done) => done(null, { data: payload }));
  },
  'a response schema': (app) => {
    const account = { type: 'object', properties: { name: { type: 'string' } } };
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onRoute', (route) => {
        if (route.config && 'schemaOf' in route.config) route.schema = { response: { 200: account } };
      });
  },
  'an onSend hook that wraps the body': (app) => {
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onSend', (_request, _reply, payload, done) =>
        done(null, typeof payload === 'string' || Buffer.isBuffer(payload) ? `[${payload.toString()}]` : payload),
      );
  },
  'an onSend hook that masks text': (app) => {
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onSend', (_request, _reply, payload, done) =>
        done(null, typeof payload === 'string' ? payload.replace(/alice|[1x]/g, '*') : payload),
      );
  },
  'an onSend hook that sets a cookie': (app) => {
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onSend', (_request, reply, _payload, done) => {
        void reply.header('set-cookie', 'late=1');
        done();
      });
  },
  'an onSend hook that adds a header': (app) => {
    let served = 0;
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onSend', (_request, reply, _payload, done) => {
        void reply.header('x-served', String(Math.min((served += 1), 1)));
        done();
      });
  },
  'CORS for two origins': (app) => app.enableCors({ origin: ['https://a.example', 'https://b.example'] }),
  '@fastify/compress': (app) => app.register(compress, { threshold: 100 }),
  'a hook that negotiates Content-Language': (app) => {
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onRequest', (request, reply, done) => {
        void reply.header('content-language', languageOf(request.headers));
        language.run(languageOf(request.headers), done);
      });
  },
  'a hook that negotiates the language and says Vary': (app) => {
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onRequest', (request, reply, done) => {
        void reply.header('vary', 'Accept-Language');
        language.run(languageOf(request.headers), done);
      });
  },
  'an onSend hook that says Content-Language': (app) => {
    const server = app.getHttpAdapter().getInstance();
    server.addHook('onRequest', (request, _reply, done) => language.run(languageOf(request.headers), done));
    server.addHook('onSend', (request, reply, _payload, done) => {
      void reply.header('content-language', languageOf(request.headers));
      done();
    });
  },
};
