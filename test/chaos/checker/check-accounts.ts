/** Whether the accounts hold what they must: every operation that was carried out, once, and nothing else [N4], [N5]. */
import { isDeepStrictEqual } from 'node:util';
import { receiptOf, type AccountState, type Entry } from '../accounts.js';
import { OPENING_BALANCE } from '../transfer-plan.js';
import type { Gift } from '../transfer-traffic.js';
import type { Booking } from '../transfers.js';
import type { InstanceBookings } from './bookings.js';
import type { StoredTables } from './tables.js';

/** By key. */
export type Accounts = ReadonlyMap<string, AccountState>;

export function readAccounts({ entities }: StoredTables): Accounts {
  return new Map(entities.map(({ entityId, state }) => [entityId.replace('@account@', ''), state as AccountState]));
}

/** Inputs of the receipts that there are. */
export function readReceipts({ instances, histories }: StoredTables): string[] {
  return instances
    .filter(({ name }) => name === 'receipt')
    .flatMap(({ executionId }) => (histories.get(executionId) ?? []).flatMap(({ events }) => events))
    .flatMap((event) => (event.type === 'ExecutionStarted' ? [JSON.parse(event.input!) as string] : []));
}

/** @param receipts see {@link readReceipts} */
export function checkAccounts(accounts: Accounts, instances: readonly InstanceBookings[], gifts: readonly Gift[], receipts: readonly string[]): string[] {
  return [
    ...[...accounts].flatMap(([account, state]) => checkState(account, state)),
    ...checkEntries(accounts, instances, gifts),
    ...checkOrder(accounts, gifts),
    ...checkReceipts(accounts, receipts),
    ...instances.flatMap(checkOutput),
  ];
}

function checkState(account: string, { balance, entries }: AccountState): string[] {
  const problems: string[] = [];
  const expected = entries.reduce((sum, { amount }) => sum + amount, OPENING_BALANCE);
  if (balance !== expected) problems.push(`account '${account}' holds ${balance}, its entries make ${expected}`);
  const ids = new Set<string>();
  for (const { id } of entries) {
    if (ids.has(id)) problems.push(`account '${account}' has booked ${id} twice`);
    ids.add(id);
  }
  return problems;
}

/** What must be there is there, and what is there was asked for. */
function checkEntries(accounts: Accounts, instances: readonly InstanceBookings[], gifts: readonly Gift[]): string[] {
  const problems: string[] = [];
  // What a gift passes on, or fails to, is for the account to say; both ends must say the same.
  const passed = [...accounts].flatMap(([, { entries }]) => entries.flatMap(({ id, amount, to }) => (to === undefined ? [] : [{ account: to, id, amount: -amount }])));
  const deposits = gifts.filter(({ operation }) => operation === 'deposit');
  const passings = gifts.filter(({ operation }) => operation === 'passOn').map((gift) => ({ ...gift, amount: -gift.amount }));
  const certain: readonly Booking[] = [...instances.flatMap((instance) => instance.certain), ...deposits, ...passed];
  const known = new Set([...certain, ...instances.flatMap(({ possible }) => possible), ...passings].map(nameOf));
  const found = new Set([...accounts].flatMap(([account, { entries }]) => entries.map(({ id, amount }) => nameOf({ account, id, amount }))));
  for (const name of new Set(certain.map(nameOf))) if (!found.has(name)) problems.push(`${name} was never booked`);
  for (const name of found) if (!known.has(name)) problems.push(`${name} was booked, though nobody asked for it`);
  return problems;
}

/** Operations from one sender come in the order sent [N4]: of the client, and of one account for another. */
function checkOrder(accounts: Accounts, gifts: readonly Gift[]): string[] {
  const problems: string[] = [];
  const inTime = gifts.filter(({ isScheduled }) => !isScheduled).map(({ account, id }) => `${account} ${id}`);
  const places = new Map(inTime.map((gift, place) => [gift, place]));
  for (const [account, { entries }] of accounts) {
    // What was passed on to an account has the number of the gift that came to another.
    const given = entries.filter(({ from, id }) => from === undefined && places.has(`${account} ${id}`));
    problems.push(...checkRises(`account '${account}' has booked gifts`, given, ({ id }) => places.get(`${account} ${id}`)!));
    for (const [sender, { entries: sent }] of accounts) {
      const received = entries.filter(({ from }) => from === sender);
      problems.push(...checkRises(`account '${account}' has booked what '${sender}' passed on`, received, ({ id }) => sent.findIndex((entry) => entry.id === id)));
    }
  }
  return problems;
}

function checkRises(what: string, entries: readonly Entry[], placeOf: (entry: Entry) => number): string[] {
  return entries
    .filter((entry, index) => index > 0 && placeOf(entry) < placeOf(entries[index - 1]!))
    .map(({ id }) => `${what} out of order: ${id} was sent before the one that came before it`);
}

/** Starts of an operation that succeeded happened, once each [N5]. */
function checkReceipts(accounts: Accounts, receipts: readonly string[]): string[] {
  const expected = [...accounts].flatMap(([account, { entries }]) => entries.filter(({ receipt }) => receipt).map((entry) => receiptOf(account, entry)));
  if (isDeepStrictEqual([...receipts].sort(), expected.sort())) return [];
  const tooFew = expected.filter((receipt) => !receipts.includes(receipt));
  return [`there are ${receipts.length} receipts in place of ${expected.length}; missing: ${tooFew.join(', ') || 'none'}`];
}

/** An orchestration that completed says of itself what its history says. */
function checkOutput({ instanceId, certain, output }: InstanceBookings): string[] {
  if (output === undefined || isDeepStrictEqual(output.map(nameOf).sort(), certain.map(nameOf).sort())) return [];
  return [`'${instanceId}' ended with ${JSON.stringify(output)} in place of ${JSON.stringify(certain)}`];
}

function nameOf({ account, id, amount }: Booking): string {
  return `${amount} on account '${account}' by ${id}`;
}
