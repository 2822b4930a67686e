import { errors, jwtVerify, JWTVerifyGetKey, JWTVerifyOptions, JWTVerifyResult } from 'jose';

/**
 * Verifies a token by the key that it names. Where it names none, or several keys have that name, it is verified by each
 * key of its algorithm in turn.
 * @throws JOSEError for a token that is not valid; what `find` throws
 */
export async function verifyToken(
  token: string,
  find: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(token, find, options);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return await jwtVerify(token, key, options);
      } catch (reason) {
        if (!(reason instanceof errors.JWSSignatureVerificationFailed)) throw reason;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}
