import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anyDatabase } from '../support/backends';
import { NpmTool } from '../support/npm-tool';
import { useService } from '../support/service';

// `npm run lint:openapi`
const service = useService(anyDatabase);
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'strata-openapi-'));
  writeFileSync(join(folder, 'openapi.json'), (await service.get('/docs-json')).text);
  writeFileSync(join(folder, '.spectral.yaml'), 'extends: ["spectral:oas"]\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('redocly accepts the document by its recommended rules', async () => {
  const redocly = await new NpmTool(folder, ['@redocly/cli@2.77.0']).install();
  expect(await redocly.run('redocly', 'lint', '--extends', 'recommended', 'openapi.json')).toContain(
    'Your API description is valid',
  );
});

it('spectral accepts the document by its recommended rules, without a warning', async () => {
  const spectral = await new NpmTool(folder, ['@stoplight/spectral-cli@6.16.3']).install();
  const lint = ['lint', '--fail-severity', 'warn', '-r', '.spectral.yaml', 'openapi.json'];
  expect(await spectral.run('spectral', ...lint)).toContain('No results');
});
