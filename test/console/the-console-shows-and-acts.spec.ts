import type { BrowserContext, Page } from 'playwright-core';
import { embedded } from '../support/backends';
import { openBrowser } from '../support/browser';
import { tokenFor } from '../support/client';
import { useService } from '../support/service';

const service = useService(embedded);
let browser: { context: BrowserContext; close: () => Promise<void> };
let page: Page;
let errors: string[];
let hosts: Set<string>;

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

beforeEach(async () => {
  page = await browser.context.newPage();
  errors = [];
  hosts = new Set();
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('request', (request) => hosts.add(new URL(request.url()).host));
  await page.goto(`${service.process().url}/console`);
});
afterEach(() => page.close());

async function signIn(token: string): Promise<void> {
  await page.locator('#token').fill(token);
  await page.locator('#token').press('Enter');
}

async function screenshot(name: string): Promise<void> {
  const folder = process.env.STRATA_SCREENSHOTS;
  if (folder) await page.screenshot({ path: `${folder}/console-${name}.png`, fullPage: true });
}

it('signs in by keyboard, shows what happens, evicts a tag; no error, nothing from elsewhere, the token nowhere but in memory', async () => {
  const token = tokenFor('root', 'admin');
  await screenshot('gate');
  await signIn(token);
  await page.locator('#board').waitFor();
  for (let n = 0; n < 20; n++) await service.send('GET', '/api/products/1');
  await page.locator('#keys').getByText('/api/products/').first().waitFor();

  await page.locator('#tag').fill('product:1');
  await page.locator('#tag').press('Enter');
  await page.locator('#evicted').getByText('product:1').waitFor();
  expect((await service.send('GET', '/api/products/1')).headers.get('cache-status')).toMatch(/fwd=uri-miss/);
  await screenshot('light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await screenshot('dark');

  const kept = await page.evaluate<string>(
    'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])',
  );
  expect(kept + page.url()).not.toContain(token);
  expect(errors).toEqual([]);
  expect([...hosts]).toEqual([new URL(service.process().url).host]);
});

it('says why it does not let somebody in', async () => {
  await signIn(tokenFor('eve', 'editor'));
  await page.locator('#gate-error').getByText(/admin/i).waitFor();
  expect(await page.locator('#board').isHidden()).toBe(true);
});

it('shows what comes from outside as text', async () => {
  await signIn(tokenFor('root', 'admin'));
  await page.locator('#tag').fill('<img src=x onerror=alert(1)>');
  await page.locator('#tag').press('Enter');
  await page.locator('#evicted').getByText('<img').waitFor();
  expect(await page.locator('#board img').count()).toBe(0);
  expect(errors).toEqual([]);
});

it('fits a phone', async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  await signIn(tokenFor('root', 'admin'));
  await page.locator('#board').waitFor();
  await screenshot('phone');
  expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
});
