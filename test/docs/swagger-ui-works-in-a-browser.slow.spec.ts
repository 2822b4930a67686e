import { BrowserContext } from 'playwright-core';
import { anyDatabase } from '../support/backends';
import { openBrowser } from '../support/browser';
import { tokenFor } from '../support/client';
import { useService } from '../support/service';
import { needs } from '../support/needs';

needs('chromium');

const service = useService(anyDatabase);
let browser: { context: BrowserContext; close: () => Promise<void> };

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

it.each([
  ['a token', ''],
  ['the printed line', 'TOKEN='],
  ['a header', 'Authorization: Bearer '],
])('opens /docs, takes %s and tries a locked route out, with no error and no request elsewhere', async (_, before) => {
  const page = await browser.context.newPage();
  const errors: string[] = [];
  const hosts = new Set<string>();
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('request', (request) => request.url().startsWith('http') && hosts.add(new URL(request.url()).host));

  await page.goto(`${service.process().url}/docs`);
  await page.getByRole('button', { name: 'Authorize' }).first().click();
  const dialog = page.locator('.dialog-ux');
  await dialog.getByRole('textbox').fill(`${before}${tokenFor('eve', 'editor')}`);
  await dialog.getByRole('button', { name: 'Apply credentials' }).click();
  await dialog.getByRole('button', { name: 'Close' }).click();

  const operation = page.locator('.opblock-patch');
  await operation.locator('.opblock-summary').click();
  await operation.locator('textarea').fill('{"stock": 7}');
  await operation.getByRole('button', { name: 'Execute' }).click();
  const answer = operation.locator('.live-responses-table .response').first();
  await answer.waitFor();
  expect(await answer.locator('.response-col_status').innerText()).toContain('200');
  expect(await answer.innerText()).toMatch(/"stock": 7/);

  if (process.env.STRATA_SCREENSHOTS) await page.screenshot({ path: `${process.env.STRATA_SCREENSHOTS}/docs.png` });
  expect(errors).toEqual([]);
  expect([...hosts]).toEqual([new URL(service.process().url).host]);
  await page.evaluate('localStorage.clear()');
  await page.close();
});
