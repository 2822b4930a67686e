import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needed } from './needs';

/** Files of a self-signed certificate, which is its own authority. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
  dispose(): void;
}

/** @param name of the server @param isExpired it was valid until yesterday */
export function selfSigned({ name = 'IP:127.0.0.1', isExpired = false } = {}): Certificate {
  needed('openssl');
  const folder = mkdtempSync(join(tmpdir(), 'strata-certificate-'));
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  const names = ['-subj', '/CN=strata', '-addext', `subjectAltName=${name}`];
  execFileSync('openssl', ['req', '-x509', ...curve, ...names, '-out', certificate, '-keyout', key], { stdio: 'pipe' });
  // `req` refuses a negative number of days.
  const again = ['x509', '-in', certificate, '-signkey', key, '-days', '-1', '-out', certificate];
  if (isExpired) execFileSync('openssl', again, { stdio: 'pipe' });
  return { certificate, key, dispose: () => rmSync(folder, { recursive: true, force: true }) };
}
