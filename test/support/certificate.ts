import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needed } from './needs';

/** Files of a self-signed certificate for 127.0.0.1, which is its own authority. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
  dispose(): void;
}

export function selfSigned(): Certificate {
  needed('openssl');
  const folder = mkdtempSync(join(tmpdir(), 'strata-certificate-'));
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  const name = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', ...curve, ...name, '-out', certificate, '-keyout', key], { stdio: 'pipe' });
  return { certificate, key, dispose: () => rmSync(folder, { recursive: true, force: true }) };
}
