/** Request headers that cannot identify a caller, and that request nothing but the usual response. */
const IMPERSONAL =
  /^(accept|accept-[a-z-]+|cache-control|cdn-loop|connection|content-length|dnt|forwarded|host|if-modified-since|if-none-match|keep-alive|origin|priority|referer|save-data|sec-[a-z-]+|surrogate-capability|te|traceparent|tracestate|upgrade-insecure-requests|user-agent|via|x-edge-seen|x-forwarded-(for|host|port|prefix|proto|server)|x-real-ip|x-request-id|x-varnish)$/;

/** Names already judged; bounded, because clients choose them. */
const known = new Set<string>();
const MAX_KNOWN = 200;

/** Whether `name`, in lower case, is such a header. A lookup in a set, as every hit checks each of its headers. */
export function isImpersonal(name: string): boolean {
  if (known.has(name)) return true;
  if (!IMPERSONAL.test(name)) return false;
  if (known.size < MAX_KNOWN) known.add(name);
  return true;
}
