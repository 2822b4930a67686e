import { textOf } from '../entity/items';
import type { ViewReply } from './express';
import { applicationSerializerOf, replySerializerOf, routeContextOf } from './fastify-internals';

const JSON_TYPE = 'application/json; charset=utf-8';

/** Whether all responses of a route are printed by `JSON.stringify`. */
const plainRoutes = new WeakMap<object, boolean>();

/**
 * The text of a value that `withItems` made, in the place of the value, where Fastify would only `JSON.stringify` it: no serializer
 * of the reply or the application, no response schema, no preSerialization hook, no type but JSON. Anywhere else, and where another
 * release of Fastify has these elsewhere, the value itself is returned, and the framework serialises it as ever.
 */
export function asJsonText(value: unknown, reply: ViewReply): unknown {
  const text = textOf(value);
  if (text === undefined || !isPlain(reply)) return value;
  void reply.header('content-type', JSON_TYPE);
  return text;
}

function isPlain(reply: ViewReply): boolean {
  if (reply.hasHeader('content-type') || replySerializerOf(reply) !== null) return false;
  const route = reply.request && routeContextOf(reply.request);
  if (typeof route !== 'object' || route === null) return false;
  const known = plainRoutes.get(route) ?? isPlainRoute(route);
  plainRoutes.set(route, known);
  return known;
}

/** Where a member is missing, it is elsewhere in this release of Fastify. */
function isPlainRoute(route: object): boolean {
  const serializer = applicationSerializerOf(route);
  if (!('preSerialization' in route && 'schema' in route) || serializer === undefined) return false;
  const { preSerialization, schema } = route as { preSerialization: unknown; schema?: { response?: unknown } };
  return preSerialization === null && serializer === null && schema?.response === undefined;
}
