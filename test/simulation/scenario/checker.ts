/** Verifies I1–I8 from the record of a run, see ARCHITECTURE.md. */
import type { HistoryEvent } from '../../../lib/core/history.js';
import type { AuditEntry, RunRecord } from '../contract.js';
import type { PlannedCall } from './calls.js';
import { checkEffects } from './checks/check-effects.js';
import { checkEnd } from './checks/check-ends.js';
import { checkEvents, checkLost, readRaised } from './checks/check-events.js';
import { checkExecutions, readHistories } from './checks/check-executions.js';
import { checkIntents } from './checks/check-intents.js';
import { checkLedgers } from './checks/check-ledgers.js';
import { checkLeftovers } from './checks/check-leftovers.js';
import { checkMessages } from './checks/check-messages.js';
import { checkRows } from './checks/check-rows.js';
import { readLives, type Life } from './checks/lives.js';
import { bodyOf, ofTable, rowOf, type MessageAudit } from './checks/rows.js';
import { collect, type Knowledge } from './knowledge.js';
import type { Account, PerformedOperation } from './model.js';
import type { LedgerState, Operation } from './program.js';
import type { Root } from './roots.js';

/** @param isRepaired see {@link createHandlers} */
export function checkRun(run: RunRecord, roots: readonly Root[], calls: readonly PlannedCall[], isRepaired: (label: string) => boolean): string[] {
  const { audit, tables, effects, outcomes } = run;
  const knowledge = collect(roots, calls, outcomes);
  const lives = readLives(audit);
  const histories = readHistories(audit);
  const raised = readRaised(audit);
  const sent = readSent(audit);
  const performed: PerformedOperation[] = [];
  const guids: string[] = [];
  const problems = [
    ...(run.isSettled ? [] : ['I6: it did not come to its end in time']),
    ...checkRows(audit),
    ...checkMessages(audit),
    ...checkExecutions(lives, histories, tables.owners.length),
    ...checkEffects(effects, audit, histories),
    ...lives.flatMap((life) => checkLife(life, { lives, knowledge, histories, raised, audit, isRepaired, performed, guids })),
    ...[...new Set(guids)].filter((guid) => guids.indexOf(guid) !== guids.lastIndexOf(guid)).map((guid) => `newGuid gave ${guid} twice [O11]`),
    ...checkStarts(lives, knowledge),
    ...checkIntents(outcomes, {
      lives,
      timesRaised: (mark) => raised.filter((each) => each.mark === mark).length,
      timesSent: (id) => sent.filter((operation) => operation.id === id).length,
    }),
    ...checkLedgers(tables, knowledge.operations, [...performed, ...acknowledged(run)]),
    ...checkDetached(run, lives, knowledge),
    ...checkLeftovers(tables),
  ];
  return [...new Set(problems)];
}

interface Context {
  readonly lives: readonly Life[];
  readonly knowledge: Knowledge;
  readonly histories: ReadonlyMap<string, readonly HistoryEvent[]>;
  readonly raised: readonly { readonly instanceId: string; readonly mark: string }[];
  readonly audit: readonly AuditEntry[];
  readonly isRepaired: (label: string) => boolean;
  /** What programs say that they did: they are added. */
  readonly performed: PerformedOperation[];
  readonly guids: string[];
}

function checkLife(life: Life, { lives, knowledge, histories, raised, audit, isRepaired, performed, guids }: Context): string[] {
  const root = knowledge.rootOf(life.program.id);
  const isRestart = root?.kind === 'restarted' && root.program.id === life.program.id && lives.find(({ program }) => program.id === life.program.id) !== life;
  const { problems, account } = checkEnd(life, root, isRestart, { sendings: knowledge.sendings, isRepaired, isRewound: root?.kind === 'flawed' });
  if (!account) return problems;
  performed.push(...account.operations);
  // A restart repeats what earlier generations have noted.
  if (!isRestart) guids.push(...account.guids);
  const targets = new Map(raised.map(({ mark, instanceId }) => [mark, instanceId]));
  const isRewound = life.executions.some((id) => histories.get(id)?.some(({ type }) => type === 'ExecutionRewound'));
  return [
    ...problems,
    ...checkSent(life, account, raised),
    ...checkEvents(life, account, histories, targets),
    // What a rewind takes back may have taken events that were taken anew.
    ...(isRewound ? [] : checkLost(life, account, histories, audit)),
  ];
}

/** An event that a program has sent is sent once [E5]. */
function checkSent({ instanceId }: Life, { sent }: Account, raised: readonly { readonly mark: string }[]): string[] {
  return sent.flatMap(({ mark }) => {
    const count = raised.filter((each) => each.mark === mark).length;
    return count === 1 ? [] : [`I4: event ${mark} of '${instanceId}' was sent ${count} times`];
  });
}

/** No program is begun more often than it was called. */
function checkStarts(lives: readonly Life[], knowledge: Knowledge): string[] {
  const counts = new Map<string, number>();
  for (const { program: { id } } of lives) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts].flatMap(([id, count]) => {
    const most = knowledge.mostStarts(id);
    return count > most ? [`I4: program ${id} was begun ${count} times, in place of ${most}`] : [];
  });
}

/** What an operation that was carried out has started is there, once [N5]. */
function checkDetached({ tables }: RunRecord, lives: readonly Life[], { operations }: Knowledge): string[] {
  const entries = tables.entities.flatMap(({ state }) => (state as LedgerState).entries.map(({ id }) => id));
  return [...operations.values()].flatMap(({ operation: { id, starts } }) => {
    const count = lives.filter(({ program }) => program.id === starts?.id).length;
    const expected = starts ? entries.filter((entry) => entry === id).length : 0;
    return count === expected ? [] : [`operation ${id} has started ${count} instances in place of ${expected} [N5]`];
  });
}

function acknowledged({ outcomes }: RunRecord): PerformedOperation[] {
  return outcomes.flatMap(({ call, kind }) => {
    const { intent } = call as PlannedCall;
    return intent.kind === 'signal' && kind === 'answered' ? [{ operation: intent.operation, outcome: 'sent' }] : [];
  });
}

function readSent(audit: readonly AuditEntry[]): Operation[] {
  return ofTable(audit, 'durable_inbox', 'insert').flatMap((entry) => {
    const body = bodyOf(rowOf<MessageAudit>(entry));
    return body.type === 'EntityOperation' && body.input !== undefined ? [JSON.parse(body.input) as Operation] : [];
  });
}
