/**
 * Members of Fastify without a public name, found by their symbols' descriptions. Another release of Fastify may lack one:
 * it then reads as undefined, and the caller does without.
 */
export const hooksOf = member('fastify.hooks');
export const routeContextOf = member('fastify.context');
export const replyHeadersOf = member('fastify.reply.headers');
export const replySerializerOf = member('fastify.reply.serializer');
export const replyTrailersOf = member('fastify.reply.trailers');
export const applicationSerializerOf = member('fastify.replySerializerDefault');

/** Reads the member of that description, null where it has no value. All replies have the same symbol, so it is looked up once. */
function member(description: string): (object: object) => unknown {
  let known: symbol | undefined;
  return (object) => {
    if (known === undefined || !(known in object)) known = symbolOf(object, description);
    return known && ((object as Record<symbol, unknown>)[known] ?? null);
  };
}

function symbolOf(object: object, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(object).find((symbol) => symbol.description === description);
}
