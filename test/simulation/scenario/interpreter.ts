/** The one orchestrator of the simulation: carries out a program and notes what it saw. */
import { EntityId } from '../../../lib/core/entity-id.js';
import { TaskFailedError } from '../../../lib/core/errors.js';
import type { OrchestrationContext } from '../../../lib/core/orchestration-context.js';
import type { DurableTask, EventTask, Orchestration, TimerTask } from '../../../lib/core/task.js';
import {
  ACTIVITY, LEDGER, PROGRAM, TIMED_OUT, type ActivityWork, type ChildWork, type Leaf, type Note, type Program, type ProgramInput, type Retry,
  type Seen, type Step, type WaitWork, type Work,
} from './program.js';

/** How a program ends that fails on purpose; it holds what an output would. */
export class ProgramFailure extends Error {
  static {
    this.prototype.name = 'ProgramFailure';
  }

  constructor(readonly trace: readonly Note[]) {
    super('The program fails on purpose.');
  }
}

export function* runProgram(ctx: OrchestrationContext, input: ProgramInput): Orchestration<readonly Note[] | undefined> {
  const { program, generation } = input;
  const { steps, preserves } = program.generations[generation]!;
  const run = new ProgramRun(ctx, [...input.trace]);
  yield* run.carryOut(steps);
  if (generation + 1 === program.generations.length) return run.trace;
  const next: ProgramInput = { program, generation: generation + 1, trace: run.trace };
  ctx.continueAsNew(next, { preserveUnprocessedEvents: preserves });
  return undefined;
}

/** The input with which a program begins. */
export function firstInput(program: Program): ProgramInput {
  return { program, generation: 0, trace: [] };
}

interface Started {
  readonly work: Work;
  readonly task: DurableTask<unknown>;
  readonly of: readonly Started[];
}

interface Reading {
  readonly balance: number;
  readonly count: number;
}

class ProgramRun {
  constructor(private readonly ctx: OrchestrationContext, readonly trace: Note[]) {}

  *carryOut(steps: readonly Step[]): Orchestration {
    for (const step of steps) yield* this.carryOutOne(step);
  }

  private *carryOutOne(step: Step): Orchestration {
    const { ctx } = this;
    switch (step.kind) {
      case 'do':
        return yield* this.join(this.start(step.work), step.isFatal);
      case 'later': {
        const started = this.start(step.work);
        yield* this.carryOut(step.steps);
        return yield* this.join(started);
      }
      case 'abandon':
        this.start(step.work);
        return;
      case 'status':
        return ctx.setCustomStatus(step.value);
      case 'guid':
        this.trace.push({ step: 'guid', guid: ctx.newGuid(), time: ctx.currentUtcDateTime.getTime() });
        return;
      case 'send':
        return ctx.sendEvent(step.to, step.event, step.mark);
      case 'signal': {
        const { operation, delay } = step;
        const scheduledTime = delay === undefined ? undefined : new Date(ctx.currentUtcDateTime.getTime() + delay);
        return ctx.signalEntity(ledger(operation.key), 'apply', operation, { scheduledTime });
      }
      case 'section':
        return yield* this.section(step);
      case 'throw':
        throw new ProgramFailure(this.trace);
    }
  }

  private *join(started: Started, isFatal = false): Orchestration {
    let failed = false;
    try {
      yield* started.task;
    } catch {
      failed = true;
    }
    // Looked at before what is open is cancelled.
    this.trace.push({ step: 'do', saw: see(started) });
    cancelOpen(started, false);
    if (failed && isFatal) throw new ProgramFailure(this.trace);
  }

  private *section({ keys, steps, holdsOn }: Extract<Step, { kind: 'section' }>): Orchestration {
    const lock = yield* this.ctx.lock(...keys.map(ledger));
    const before = yield* this.read(keys);
    const begin = this.trace.length;
    yield* this.carryOut(steps);
    const after = yield* this.read(keys);
    const own = this.trace.slice(begin);
    const amounts = steps.filter((step) => step.kind === 'do').flatMap(({ work }, index) => {
      const note = own.filter(({ step }) => step === 'do')[index];
      return work.kind === 'call' && note?.step === 'do' && note.saw.end === 'ok' ? [work.operation] : [];
    });
    const isIsolated = keys.every((key, index) => {
      const mine = amounts.filter((operation) => operation.key === key);
      const sum = mine.reduce((total, { amount }) => total + amount, 0);
      return after[index]!.balance === before[index]!.balance + sum && after[index]!.count === before[index]!.count + mine.length;
    });
    this.trace.push({ step: 'section', isIsolated });
    if (!holdsOn) lock.release();
  }

  private *read(keys: readonly string[]): Orchestration<readonly Reading[]> {
    return yield* this.ctx.all(keys.map((key) => this.ctx.callEntity<Reading>(ledger(key), 'read')));
  }

  private start(work: Work): Started {
    if (!('of' in work)) return { work, task: this.startLeaf(work), of: [] };
    const of = work.of.map((part) => this.start(part));
    return { work, task: this.ctx[work.kind](of.map(({ task }) => task)), of };
  }

  private startLeaf(work: Leaf): DurableTask<unknown> {
    const { ctx } = this;
    switch (work.kind) {
      case 'activity':
        return this.startActivity(work);
      case 'timer': {
        const timer = ctx.createTimer(work.ms);
        if (work.cancelled) timer.cancel();
        return timer;
      }
      case 'wait':
        return this.startWait(work);
      case 'child':
        return this.startChild(work);
      case 'call':
        return ctx.callEntity(ledger(work.operation.key), 'apply', work.operation);
    }
  }

  private startActivity(work: ActivityWork): DurableTask<unknown> {
    return this.ctx.callActivity(ACTIVITY, work, work.retry && { retry: toOptions(work.retry) });
  }

  private startWait({ event, timeout, hasDefault }: WaitWork): DurableTask<unknown> {
    return this.ctx.waitForExternalEvent(event, { timeout, ...(hasDefault && { default: TIMED_OUT }) });
  }

  private startChild({ program, instanceId, attempts }: ChildWork): DurableTask<unknown> {
    const retry = attempts === undefined ? undefined : { firstRetryInterval: 500, maxNumberOfAttempts: attempts };
    return this.ctx.callSubOrchestrator(PROGRAM, firstInput(program), { instanceId, retry });
  }
}

function toOptions({ attempts, interval, backoff, handle }: Retry) {
  return { maxNumberOfAttempts: attempts, firstRetryInterval: interval, backoffCoefficient: backoff, ...(handle !== undefined && { handle: () => handle }) };
}

export function ledger(key: string): EntityId {
  return new EntityId(LEDGER, key);
}

function see({ work, task, of }: Started): Seen {
  const parts = of.length > 0 ? { of: of.map(see) } : {};
  if (!task.isCompleted) return { end: 'open', ...parts };
  if (task.isFaulted || task.isCanceled) return { end: 'failed', error: errorOf(task), ...parts };
  if (work.kind === 'any') return { end: 'ok', winner: of.findIndex((part) => part.task === task.result), ...parts };
  return { end: 'ok', ...(of.length === 0 && task.result !== undefined && { value: task.result }), ...parts };
}

function errorOf(task: DurableTask<unknown>): string {
  try {
    return String(task.result);
  } catch (error) {
    return error instanceof TaskFailedError ? error.failureDetails.errorType : (error as Error).name;
  }
}

/** A wait that has lost must not take an event from those that come after it [E2]. */
function cancelOpen({ work, task, of }: Started, cancels: boolean): void {
  if (!task.isCompleted && (work.kind === 'wait' || (work.kind === 'timer' && cancels))) (task as EventTask<unknown> | TimerTask).cancel();
  for (const part of of) cancelOpen(part, 'cancels' in work ? work.cancels : cancels);
}
