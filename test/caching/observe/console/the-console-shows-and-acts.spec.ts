import type { BrowserContext, Page } from 'playwright-core';
import { anyDatabase } from '../../../support/backends';
import { openBrowser } from '../../../support/browser';
import { tokenFor } from '../../../support/client';
import { slowIt } from '../../../support/effort';
import { useService } from '../../../support/service';
import { TcpProxy } from '../../../support/tcp-proxy';
import { needs } from '../../../support/needs';

needs('chromium');

const service = useService(anyDatabase);
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

/** A folder for pictures. Those of the README: `STRATA_SCREENSHOTS=docs/images npx jest console -t 'signs in by keyboard'`. */
const pictures = process.env.STRATA_SCREENSHOTS;

async function screenshot(name: string, fullPage = true): Promise<void> {
  if (pictures) await page.screenshot({ path: `${pictures}/console-${name}.png`, fullPage });
}

/** Traffic for the charts of a picture, and a sale now and then. */
async function fillCharts(): Promise<void> {
  const editor = tokenFor('alice', 'editor');
  const end = Date.now() + (pictures ? 60_000 : 0);
  for (let n = 0; Date.now() < end; n++) {
    const path = n % 3 === 0 ? `/api/products?page=${1 + (n % 9)}` : `/api/products/${1 + (n % 40)}`;
    await service.send('GET', n % 7 === 0 ? `/api/products/${n}` : path);
    if (n % 40 === 0)
      await service.send('PATCH', `/api/products/${1 + (n % 7)}`, {
        token: editor,
        body: JSON.stringify({ stock: n }),
      });
    await page.waitForTimeout(8);
  }
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
  await fillCharts();
  // The traffic of fillCharts reads rows.
  await page
    .locator('#layers li', { hasText: 'Entity cache' })
    .getByText(/of \d.* \/s served/)
    .waitFor();
  await page.evaluate('scrollTo(0, 0)');
  await screenshot('light', false);
  await page.emulateMedia({ colorScheme: 'dark' });
  await screenshot('dark', false);

  const kept = await page.evaluate<string>(
    'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])',
  );
  expect(kept + page.url()).not.toContain(token);
  expect(errors).toEqual([]);
  expect([...hosts]).toEqual([new URL(service.process().url).host]);
});

slowIt.each([
  ['the printed line', (token: string) => `  TOKEN=${token}`],
  ['a header', (token: string) => `Authorization: Bearer ${token}`],
  ['the token with blanks around it', (token: string) => ` ${token} `],
])('signs in with %s, pasted whole', async (_name, pasted) => {
  await signIn(pasted(tokenFor('root', 'admin')));
  await page.locator('#board').waitFor();
  expect(await page.locator('#gate').isHidden()).toBe(true);
});

it('runs what it was built with and nothing that is planted, and talks to its own server only', async () => {
  const { headers } = await service.get('/console');
  const policy = headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|\*/);
  const elsewhere = `http://127.0.0.2:${new URL(service.process().url).port}/health/live`;
  const tried = await page.evaluate<Record<string, boolean>>(`(async () => {
    const script = document.createElement('script');
    script.textContent = 'window.planted = true';
    document.body.append(script);
    const image = document.createElement('img');
    image.setAttribute('onerror', 'window.handled = true');
    image.src = '/nothing';
    document.body.append(image);
    const left = await fetch('${elsewhere}', { mode: 'no-cors' }).then(() => true, () => false);
    return { planted: 'planted' in window, handled: 'handled' in window, left };
  })()`);
  expect(tried).toEqual({ planted: false, handled: false, left: false });
  expect(errors.filter((text) => /Content Security Policy/i.test(text)).length).toBeGreaterThanOrEqual(3);
});

slowIt('shows the Cache-Token of an eviction, and reads with it', async () => {
  await signIn(tokenFor('root', 'admin'));
  await page.locator('#board').waitFor();
  await page.locator('#tag').fill('product:3');
  await page.locator('#tag').press('Enter');
  await page.locator('#evicted').getByText('Cache-Token: ').waitFor();
  const token = await page.locator('#cache-token').inputValue();
  expect(await page.locator('#evicted').innerText()).toContain(`Cache-Token: ${token}`);
  expect(token).toMatch(/^[\w.-]+\.\d+$/);

  await page.locator('#url').fill('/api/products/3');
  const sent = page.waitForRequest((request) => request.url().endsWith('/api/products/3'));
  await page.locator('#url').press('Enter');
  const headers = await (await sent).allHeaders();
  expect(headers['cache-token']).toBe(token);
  expect(headers.authorization).toBeUndefined();
  await page.locator('#was-read').getByText('200; strata;').waitFor();

  await page.locator('#url').fill('http://127.0.0.2/');
  await page.locator('#url').press('Enter');
  await page.locator('#was-read').getByText('Only URLs of this server').waitFor();
  expect(errors).toEqual([]);
});

slowIt('inspects an entry by keyboard, shows its tags and why it is stale, and deletes it', async () => {
  await signIn(tokenFor('root', 'admin'));
  await page.locator('#board').waitFor();
  await service.send('GET', '/api/products/2');
  const inspected = page.locator('#inspected');
  const look = async (key: string): Promise<void> => {
    await page.locator('#key').fill(key);
    await page.locator('#key').press('Enter');
  };

  // What keys begin with: the list leads to the entry.
  await look('view:/api/products/:id');
  await inspected.locator('ul button').first().waitFor();
  const key = await inspected.locator('ul button').first().innerText();
  await inspected.locator('ul button').first().press('Enter');
  await inspected.getByText(key, { exact: true }).waitFor();
  expect(await inspected.locator('.facts').innerText()).toMatch(/Would be served\s+yes/);

  // One of its tags fills the evict form, and the outcome is shown.
  await inspected.getByRole('button', { name: 'product:2', exact: true }).press('Enter');
  expect(await page.evaluate<string>('document.activeElement.id')).toBe('tag');
  await page.keyboard.press('Enter');
  await page.locator('#evicted').getByText('product:2').waitFor();
  await look(key);
  await inspected.getByText('product:2 was stamped since').waitFor();
  await screenshot('inspected');

  await inspected.getByRole('button', { name: 'Delete this entry' }).press('Enter');
  await inspected.getByText('Deleted on every node').waitFor();
  await look('no such key');
  await inspected.getByText('No entry with this key or prefix').waitFor();
  expect(errors.filter((text) => !text.includes('404'))).toEqual([]);
});

slowIt('says that its data is old while the server is unavailable, and continues its charts afterwards', async () => {
  const wire = await TcpProxy.to(Number(new URL(service.process().url).port));
  try {
    await page.goto(`http://127.0.0.1:${wire.port}/console`);
    await signIn(tokenFor('root', 'admin'));
    await page.locator('#standing[data-state=live]').waitFor();
    for (let n = 0; n < 5; n++) await service.send('GET', '/api/products/3');
    const drawn = page.locator('#ratio-chart .series-0:not(.key)').first();
    await drawn.waitFor();
    wire.refuse();
    await page.locator('#trouble').waitFor();
    expect(await page.locator('#standing').innerText()).toContain('lost');
    await screenshot('lost');
    wire.heal();
    await page.locator('#trouble button').press('Enter');
    await page.locator('#standing[data-state=live]').waitFor();
    expect(await page.locator('#trouble').isHidden()).toBe(true);
    await drawn.waitFor();
  } finally {
    await page.goto('about:blank');
    await wire.close();
  }
});

slowIt('says why a sign-in is refused', async () => {
  await signIn(tokenFor('eve', 'editor'));
  await page.locator('#gate-error').getByText(/admin/i).waitFor();
  expect(await page.locator('#board').isHidden()).toBe(true);
});

slowIt('shows what comes from outside as text', async () => {
  await signIn(tokenFor('root', 'admin'));
  await page.locator('#tag').fill('<img src=x onerror=alert(1)>');
  await page.locator('#tag').press('Enter');
  await page.locator('#evicted').getByText('<img').waitFor();
  expect(await page.locator('#board img').count()).toBe(0);
  expect(errors).toEqual([]);
});

slowIt('fits a phone', async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  await signIn(tokenFor('root', 'admin'));
  await page.locator('#board').waitFor();
  await screenshot('phone');
  expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
});
