// Writes the table of docs/settings.md and .env.example from the declarations in src/config/environment.ts: `npm run docs:settings`.
import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import prettier from 'prettier';

const { envExample, withSettingsTable } = createRequire(import.meta.url)('../dist/config/settings-docs.js');

const PAGE = 'docs/settings.md';
const options = await prettier.resolveConfig(PAGE);
const page = withSettingsTable(readFileSync(PAGE, 'utf8'));
writeFileSync(PAGE, await prettier.format(page, { ...options, parser: 'markdown' }));
writeFileSync('.env.example', envExample());
