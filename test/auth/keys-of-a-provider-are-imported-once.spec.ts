import { exportJWK, generateKeyPair, type JSONWebKeySet } from 'jose';
import { KeySet } from '../../src/auth/key-set';
import { loadConfig } from '../../src/config';

const TOKEN = { payload: '', signature: '' };

async function newSet(): Promise<JSONWebKeySet> {
  const { publicKey } = await generateKeyPair('ES256');
  return { keys: [{ ...(await exportJWK(publicKey)), kid: 'ec', alg: 'ES256', use: 'sig' }] };
}

it('a key is imported once for all tokens, and again when the provider has replaced it', async () => {
  const keys = new KeySet(loadConfig({ JWT_JWKS_URL: 'https://id.example/keys' }));
  let set = await newSet();
  // Each hit of the cache is a copy of its own.
  jest.spyOn(keys, 'fetched').mockImplementation(() => Promise.resolve(structuredClone(set)));
  const find = (): Promise<unknown> => Promise.resolve(keys.find({ alg: 'ES256', kid: 'ec' }, TOKEN));
  const first = await find();
  expect(await find()).toBe(first);
  set = await newSet();
  const next = await find();
  expect(next).not.toBe(first);
  expect(await find()).toBe(next);
});
