import { onEveryBackend } from '../support/backends';
import { tokenFor } from '../support/client';
import { useService } from '../support/service';
import { KETTLE, PageJson, ProductJson } from './product';

const NAMES = [
  'ΟΔΟΣ',
  'ΟΔΟΣΑ ΟΔΟΣ',
  'İstanbul',
  'ISPARTA Iğdır',
  'caf\u00e9 cr\u00e8me',
  'cafe\u0301 cre\u0300me deux',
  'Straße GROẞ',
  'ﬁne ｆｕｌｌ ｗｉｄｔｈ',
  'Чайник Йод',
  'قهوة عربية',
  'चाय की केतली',
  '青い茶壺',
  'カーテン ｶｰﾃﾝ',
  '한글 주전자',
  'กาน้ำชา',
  'Ấm trà Huế',
  'Ǆungla ǅ ǆ',
  'Ω Ω Å Å',
  'X',
  'AB 5',
  'C++ (2)',
  '100% _wool_ \\o/',
  '\u{1f375}\u{1f375} tea',
  'Line\u00a0space',
];

onEveryBackend((open) => {
  const service = useService(open);
  const token = tokenFor('eve', 'editor');
  const ids = new Map<string, number>();

  beforeAll(async () => {
    for (const name of NAMES) {
      const json = { ...KETTLE, name, description: 'Not its name.\nSecond line.', category: 'names' };
      const { body } = await service.send<ProductJson>('POST', '/api/products', { token, json });
      ids.set(name, body.id);
    }
  });

  async function found(search: string): Promise<number[]> {
    const query = new URLSearchParams({ search, category: 'names', page_size: '200' });
    const { status, body } = await service.get<PageJson>(`/api/products?${query.toString()}`);
    expect(status).toBe(200);
    expect(body.count).toBe(body.results.length);
    return body.results.map(({ id }) => id);
  }

  const forms: [string, (text: string) => string][] = [
    ['as it is', (text) => text],
    ['composed', (text) => text.normalize('NFC')],
    ['decomposed', (text) => text.normalize('NFD')],
    ['in compatibility form', (text) => text.normalize('NFKC')],
  ];

  it.each(NAMES.flatMap((name) => forms.map(([how, form]) => [name, how, form] as const)))(
    'finds %s by its own name, %s',
    async (name, _how, form) => {
      expect(await found(form(name))).toContain(ids.get(name));
    },
  );

  it.each([
    ['οδοσ', 'ΟΔΟΣ'],
    ['οδος', 'ΟΔΟΣ'],
    ['istanbul', 'İstanbul'],
    ['CAFÉ', 'caf\u00e9 cr\u00e8me'],
    ['fine', 'ﬁne ｆｕｌｌ ｗｉｄｔｈ'],
    ['FULL', 'ﬁne ｆｕｌｌ ｗｉｄｔｈ'],
    ['чайник', 'Чайник Йод'],
    ['茶壺', '青い茶壺'],
    ['茶', '青い茶壺'],
    ['stanb', 'İstanbul'],
    ['ab', 'AB 5'],
    ['5', 'AB 5'],
    ['s', 'caf\u00e9 cr\u00e8me'],
  ])('%s finds %s', async (search, name) => {
    expect(await found(search)).toContain(ids.get(name));
  });

  it('a word of one or two letters counts where a word begins, so that an index knows it', async () => {
    expect(await found('b')).not.toContain(ids.get('AB 5'));
    expect(await found('anb')).toContain(ids.get('İstanbul'));
  });

  it('all words have to be there', async () => {
    expect(await found('AB 6')).toEqual([]);
    expect(await found('line seconds')).toEqual([]);
  });
});
