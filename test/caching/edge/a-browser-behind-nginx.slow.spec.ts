import { openBrowser } from '../../support/browser';
import { EdgeSite, isHit } from '../../support/edge-site';
import { eventually } from '../../support/eventually';
import { needs } from '../../support/needs';

needs('postgres', 'redis-server', 'nginx', 'chromium');

let site: EdgeSite;
let browser: Awaited<ReturnType<typeof openBrowser>>;
beforeAll(async () => {
  site = await EdgeSite.open('nginx');
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  await site.close();
});

it('a reload takes a 304 from nginx, and a write shows at the next load', async () => {
  const path = '/api/products/70';
  await site.write(path, { stock: 700 });
  await site.warm(path);
  const page = await browser.context.newPage();
  // Playwright shows the browser's own 200; what came over the wire, its protocol tells.
  const wire = await browser.context.newCDPSession(page);
  const pages = new Set<string>();
  const answers: { requestId: string; statusCode: number }[] = [];
  wire.on('Network.requestWillBeSent', ({ requestId, request }) => request.url.endsWith(path) && pages.add(requestId));
  wire.on('Network.responseReceivedExtraInfo', (answer) => answers.push(answer));
  await wire.send('Network.enable');

  await page.goto(site.edge.url + path);
  expect(await page.textContent('body')).toContain('"stock":700');
  await page.reload();
  expect(await page.textContent('body')).toContain('"stock":700');
  // The browser asks for an icon as well.
  const statuses = (): number[] => answers.flatMap((one) => (pages.has(one.requestId) ? [one.statusCode] : []));
  await eventually(() => expect(statuses()).toEqual([200, 304]));

  await site.write(path, { stock: 701 });
  // nginx keeps a copy for each encoding, and each is asked for again within its own second.
  await eventually(async () => {
    await page.goto(site.edge.url + path);
    expect(await page.textContent('body')).toContain('"stock":701');
  });
  expect(isHit(await site.warm(path))).toBe(true);
});
