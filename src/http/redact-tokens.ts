const REDACTED = '[redacted]';

/** Credentials of an Authorization header, RFC 9110 §11.4: a scheme and its token68. */
const CREDENTIALS = /\b(Bearer|Basic|Digest|Negotiate)(\s+|%20|\+)[\w.~+/=-]+/gi;

/** A compact JWS or JWE, RFC 7515 §7.1: its header is a JSON object in base64url, and so begins with `eyJ`. */
const JWT = /\beyJ[\w-]{4,}(?:\.[\w-]*){1,4}/g;

/** Header fields that carry a credential, as `"name":"value"` or as a flat list `"name","value"`, with or without escapes. */
const SECRET_FIELDS =
  /(\\*"(?:authorization|proxy-authorization|cookie|set-cookie|x-api-key)\\*"\s*[:,]\s*\\*")[^"\\]*/gi;

/** A line of the log without the tokens in it, whatever field they stand in and however deep. */
export function redactTokens(line: string): string {
  return line.replace(SECRET_FIELDS, `$1${REDACTED}`).replace(CREDENTIALS, `$1 ${REDACTED}`).replace(JWT, REDACTED);
}
