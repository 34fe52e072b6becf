import { checkLedgers, type KnownOperation } from '../../simulation/scenario/checks/check-ledgers.js';
import type { LedgerEntry, Operation } from '../../simulation/scenario/program.js';

const operation = (id: string, more: Partial<Operation> = {}): Operation => ({ key: 'a', id, amount: 5, ms: 0, ...more });
const first = operation('p0.1');
const second = operation('p0.2', { passTo: 'b' });
const known = new Map<string, KnownOperation>([
  ['p0.1', { operation: first, place: 1, most: 1 }],
  ['p0.2', { operation: second, place: 2, most: 1 }],
  ['p0.2>', { operation: operation('p0.2>', { key: 'b' }), most: 1 }],
  ['p0.3', { operation: operation('p0.3', { fails: true }), place: 3, most: 1 }],
]);

function problemsOf(ids: readonly string[], passed: readonly string[] = ['p0.2>'], balance = 100 + 5 * ids.length): string[] {
  const entriesOf = (list: readonly string[]): LedgerEntry[] => list.map((id) => ({ id, amount: 5 }));
  const entities = [
    { entityId: '@ledger@a', state: { balance, entries: entriesOf(ids) } },
    { entityId: '@ledger@b', state: { balance: 100 + 5 * passed.length, entries: entriesOf(passed) } },
  ];
  const tables = { entities, instances: [], histories: new Map(), garbage: new Set<string>(), leftovers: new Map(), owners: [] };
  return checkLedgers(tables, known, [{ operation: first, outcome: 'ok' }, { operation: second, outcome: 'sent' }]);
}

describe('the checker of ledgers', () => {
  it('finds nothing in sound ones', () => {
    expect(problemsOf(['p0.1', 'p0.2'])).toEqual([]);
  });

  it.each([
    ['an operation that was carried out twice', () => problemsOf(['p0.1', 'p0.1', 'p0.2']), /p0\.1 was carried out 2 times/],
    ['one that was answered and is lost', () => problemsOf(['p0.2']), /p0\.1 was answered, but/],
    ['one that was sent and is lost', () => problemsOf(['p0.1'], []), /p0\.2 was sent, but/],
    ['one that nobody sent', () => problemsOf(['p0.1', 'p0.2', 'p7.1']), /has p7\.1 over 5, which nobody sent/],
    ['one that failed and left its mark', () => problemsOf(['p0.1', 'p0.2', 'p0.3']), /has p0\.3, which fails/],
    ['operations of one sender out of order', () => problemsOf(['p0.2', 'p0.1']), /has p0\.1 behind others of p0/],
    ['a signal that was not passed on', () => problemsOf(['p0.1', 'p0.2'], []), /disagree about p0\.2/],
    ['a balance that is half done', () => problemsOf(['p0.1', 'p0.2'], ['p0.2>'], 105), /holds 105, its entries make 110/],
  ])('finds %s', (_, problems, expected) => {
    expect(problems()).toContainEqual(expect.stringMatching(expected));
  });
});
