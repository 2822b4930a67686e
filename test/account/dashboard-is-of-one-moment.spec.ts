import { AccountService } from '../../src/account/account.service';

const addedAt = new Date('2026-11-27T07:00:00Z');

/** A service whose list is what `lists` says, one after the other, and then as the last; the stock is the number of reads so far. */
function service(lists: number[][]): { account: AccountService; reads: number[][] } {
  const reads: number[][] = [];
  const watchlist = {
    lines: () => {
      const ids = lists.length > 1 ? lists.shift()! : lists[0]!;
      return Promise.resolve(ids.map((productId) => ({ productId, addedAt })));
    },
  };
  const getMany = (ids: number[]): Promise<string[]> => {
    reads.push(ids);
    return Promise.resolve(ids.map((id) => JSON.stringify({ id, price: 1, stock: reads.length })));
  };
  return { account: new AccountService(watchlist as never, { cache: { getMany } } as never), reads };
}

const idsOf = ({ texts }: { texts: readonly string[] }): number[] =>
  texts.map((text) => (JSON.parse(text) as { id: number }).id);

it('a list that changes while its products are read is read again, with them', async () => {
  const { account, reads } = service([[7, 8], [8]]);
  const dashboard = await account.dashboard('ann', 1);
  expect([idsOf(dashboard), dashboard.summary.watched]).toEqual([[8], 1]);
  expect(reads).toEqual([[7, 8], [8]]);
});

it('one that does not costs one read of its products', async () => {
  const { account, reads } = service([[7]]);
  expect(idsOf(await account.dashboard('ann', 1))).toEqual([7]);
  expect(reads).toEqual([[7]]);
});

it('one that changes all the time is shown all the same', async () => {
  const { account, reads } = service([[1], [2], [3], [4], [5]]);
  expect(idsOf(await account.dashboard('ann', 1))).toEqual([3]);
  expect(reads).toEqual([[1], [2], [3]]);
});
