/** Ledgers hold each operation that was carried out, once and in the order of its sender, and nothing else [N4], [N5]. */
import type { StoredTables } from '../../../chaos/checker/tables.js';
import type { PerformedOperation } from '../model.js';
import { OPENING_BALANCE, passedOn, type LedgerState, type Operation } from '../program.js';

/** What is known of an operation that somebody may have sent. */
export interface KnownOperation {
  readonly operation: Operation;
  /** When it was sent, among those of its sender; absent: that does not say when it is carried out. */
  readonly place?: number;
  /** How often it may be carried out: calls that a rewind finds without an answer are made again [K8]. */
  readonly most: number;
}

/**
 * @param known by id
 * @param performed what programs and clients say, of those whose word there is
 */
export function checkLedgers({ entities }: StoredTables, known: ReadonlyMap<string, KnownOperation>, performed: readonly PerformedOperation[]): string[] {
  const ledgers = new Map(entities.map(({ entityId, state }) => [entityId.replace('@ledger@', ''), state as LedgerState]));
  return [
    ...[...ledgers].flatMap(([key, state]) => checkState(key, state, known)),
    ...[...ledgers].flatMap(([key, state]) => checkKnown(key, state, known)),
    ...checkPerformed(ledgers, performed, known),
    ...checkPassed(ledgers, known),
    ...[...ledgers].flatMap(([key, state]) => checkOrder(key, state, known)),
  ];
}

function checkState(key: string, { balance, entries }: LedgerState, known: ReadonlyMap<string, KnownOperation>): string[] {
  const problems: string[] = [];
  const sum = entries.reduce((total, { amount }) => total + amount, OPENING_BALANCE);
  if (sum !== balance) problems.push(`ledger '${key}' holds ${balance}, its entries make ${sum} [N4]`);
  const counts = new Map<string, number>();
  for (const { id } of entries) counts.set(id, (counts.get(id) ?? 0) + 1);
  for (const [id, count] of counts) {
    const most = known.get(id)?.most ?? 1;
    if (count > most) problems.push(`I4: operation ${id} was carried out ${count} times on ledger '${key}', in place of ${most}`);
  }
  return problems;
}

function checkKnown(key: string, { entries }: LedgerState, known: ReadonlyMap<string, KnownOperation>): string[] {
  return entries.flatMap(({ id, amount }) => {
    const { operation } = known.get(id) ?? {};
    if (operation?.key !== key || operation.amount !== amount) return [`ledger '${key}' has ${id} over ${amount}, which nobody sent to it`];
    return operation.fails ? [`ledger '${key}' has ${id}, which fails [N5]`] : [];
  });
}

function checkPerformed(ledgers: ReadonlyMap<string, LedgerState>, performed: readonly PerformedOperation[], known: ReadonlyMap<string, KnownOperation>): string[] {
  return performed.flatMap(({ operation, outcome }) => {
    const { key, id, isGuarded, fails } = operation;
    const isThere = hasEntry(ledgers, key, id);
    if (outcome === 'ok' && !isThere) return [`operation ${id} was answered, but ledger '${key}' does not have it`];
    if (outcome === 'failed' && isThere && known.get(id)?.most === 1) return [`operation ${id} failed, but ledger '${key}' has it [N5]`];
    return outcome === 'sent' && !fails && !isGuarded && !isThere ? [`operation ${id} was sent, but ledger '${key}' does not have it`] : [];
  });
}

function checkPassed(ledgers: ReadonlyMap<string, LedgerState>, known: ReadonlyMap<string, KnownOperation>): string[] {
  return [...known.values()].flatMap(({ operation }) => {
    const passed = passedOn(operation);
    if (!passed || hasEntry(ledgers, operation.key, operation.id) === hasEntry(ledgers, passed.key, passed.id)) return [];
    return [`ledger '${operation.key}' and ledger '${passed.key}' disagree about ${operation.id}, which the one passed on to the other [N5]`];
  });
}

/** Operations from one sender are carried out in the order sent [N4]. */
function checkOrder(key: string, { entries }: LedgerState, known: ReadonlyMap<string, KnownOperation>): string[] {
  const last = new Map<string, number>();
  return entries.flatMap(({ id }) => {
    const { place } = known.get(id) ?? {};
    if (place === undefined) return [];
    const sender = id.slice(0, id.lastIndexOf('.'));
    const before = last.get(sender) ?? -1;
    last.set(sender, Math.max(place, before));
    return place < before ? [`ledger '${key}' has ${id} behind others of ${sender} that were sent after it [N4]`] : [];
  });
}

function hasEntry(ledgers: ReadonlyMap<string, LedgerState>, key: string, id: string): boolean {
  return ledgers.get(key)?.entries.some((entry) => entry.id === id) ?? false;
}
