/** The handlers of one virtual process: the interpreter, an activity and an entity, which note what they do outside of the database. */
import type { ActivityContext } from '../../../lib/core/activity-context.js';
import type { EntityContext } from '../../../lib/core/entity-context.js';
import { NonRetriableError } from '../../../lib/core/errors.js';
import type { OrchestratorFunction } from '../../../lib/core/handlers.js';
import type { HandlerRegistry } from '../../../lib/engine/handlers.js';
import type { VirtualProcess } from '../contract.js';
import { firstInput, ledger, runProgram } from './interpreter.js';
import { ACTIVITY, LEDGER, OPENING_BALANCE, passedOn, PROGRAM, type ActivityWork, type LedgerState, type Operation } from './program.js';

export const interpret = runProgram as OrchestratorFunction;

/** How an activity or an operation fails that is to fail. */
export class ExpectedFailure extends Error {
  static {
    this.prototype.name = 'ExpectedFailure';
  }
}

export class InsufficientFundsError extends Error {
  static {
    this.prototype.name = 'InsufficientFundsError';
  }
}

/** @param isRepaired whether what is flawed in the programs works by now */
export function createHandlers(process: VirtualProcess, isRepaired: (label: string) => boolean): HandlerRegistry {
  const activity = (input: unknown, ctx: ActivityContext) => work(process, input as ActivityWork, ctx, isRepaired);
  const entity = (ctx: EntityContext<LedgerState>) => operate(process, ctx);
  return {
    findOrchestrator: (name, version) => (name === PROGRAM && version === undefined ? { name, handler: interpret, source: 'Simulation.program' } : undefined),
    findActivity: (name) => (name === ACTIVITY ? { name, handler: activity, source: 'Simulation.work' } : undefined),
    findEntity: (name) => (name === LEDGER ? { name, source: 'Simulation.ledger', create: () => entity } : undefined),
    list: () => ({ orchestrators: [{ name: PROGRAM }], activities: [ACTIVITY], entities: [LEDGER] }),
    namesOf: () => new Map(),
    entityOf: (type) => {
      throw new TypeError(`${type.name} is no entity class.`);
    },
  };
}

async function work(process: VirtualProcess, activity: ActivityWork, ctx: ActivityContext, isRepaired: (label: string) => boolean): Promise<unknown> {
  const { label, ms, failures, isFlawed, isNonRetriable } = activity;
  const { attempt } = ctx;
  const task = `${ctx.executionId}:${ctx.taskId}`;
  process.effect({ kind: 'begin', work: task, detail: label });
  if (ms > 0) await process.sleep(ms);
  process.effect({ kind: 'end', work: task, detail: label });
  if (attempt > failures && !(isFlawed && !isRepaired(label))) return { label, attempt };
  const text = `'${label}' fails in attempt ${attempt}.`;
  throw isNonRetriable ? new NonRetriableError(text) : new ExpectedFailure(text);
}

/** Begins with the balance and ends with the entry: what is half done shows. */
async function operate(process: VirtualProcess, ctx: EntityContext<LedgerState>): Promise<void> {
  const state = ctx.getState(() => ({ balance: OPENING_BALANCE, entries: [] }));
  if (ctx.operationName === 'read') return ctx.return({ balance: state.balance, count: state.entries.length });
  const operation = ctx.getInput<Operation>();
  const { id, amount, ms, isGuarded, fails, starts } = operation;
  const balance = state.balance + amount;
  if (isGuarded && balance < 0) throw new InsufficientFundsError(`Ledger '${ctx.entityKey}' lacks ${-balance} for ${id}.`);
  process.effect({ kind: 'begin', work: `${ctx.entityId.toString()} ${id}` });
  ctx.setState({ ...state, balance });
  const passed = passedOn(operation);
  if (passed) ctx.signalEntity(ledger(passed.key), 'apply', passed);
  if (starts) ctx.startNew(PROGRAM, { input: firstInput(starts) });
  if (ms > 0) await process.sleep(ms);
  ctx.setState({ balance, entries: [...state.entries, { id, amount }] });
  process.effect({ kind: 'end', work: `${ctx.entityId.toString()} ${id}` });
  if (fails) throw new ExpectedFailure(`Operation ${id} fails on purpose.`);
  ctx.return(id);
}
