// Writes README's table of settings and .env.example from the declarations in src/config/environment.ts: `npm run docs:settings`.
import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import prettier from 'prettier';

const { envExample, withSettingsTable } = createRequire(import.meta.url)('../dist/config/settings-docs.js');

const options = await prettier.resolveConfig('README.md');
const readme = withSettingsTable(readFileSync('README.md', 'utf8'));
writeFileSync('README.md', await prettier.format(readme, { ...options, parser: 'markdown' }));
writeFileSync('.env.example', envExample());
