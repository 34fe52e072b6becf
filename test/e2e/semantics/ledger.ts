/** An entity, and orchestrations that hold its lock until a scenario lets them go on. */
import { Injectable } from '@nestjs/common';
import { Entity, EntityId, Orchestrator, TaskEntity, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { recorded } from '../support/conditions.js';
import type { ScenarioRun } from '../support/harness.js';

/** Its state is what was noted, in its order. */
@Entity()
export class Ledger extends TaskEntity<unknown[]> {
  override initializeState(): unknown[] {
    return [];
  }

  note(value: unknown): unknown[] {
    this.state.push(value);
    return this.state;
  }

  read(): unknown[] {
    return this.state;
  }
}

/** What `holds` does once it has its locks and an event 'go' has come. */
export type End = 'complete' | 'fail' | 'continueAsNew' | 'release' | 'break a rule';

interface Hold {
  readonly keys: readonly string[];
  readonly end?: End;
}

@Injectable()
export class Holders {
  /** Holds ledgers until an event 'go' comes, notes its id in each, and ends. Without ledgers it only says whether it holds one. */
  @Orchestrator()
  *holds(ctx: OrchestrationContext, { keys, end = 'complete' }: Hold): Orchestration<unknown> {
    if (keys.length === 0) return ctx.isLocked();
    const ledgers = keys.map((key) => ctx.entity(Ledger, key));
    const lock = yield* ctx.lock(...ledgers);
    ctx.setCustomStatus('locked');
    yield* ctx.waitForExternalEvent('go');
    for (const ledger of ledgers) yield* ledger.note(ctx.instanceId);
    if (end === 'fail') throw new Error('failed while it held locks');
    if (end === 'break a rule') ledgers[0]!.signal.note('never');
    if (end === 'continueAsNew') ctx.continueAsNew({ keys: [] });
    if (end === 'release') {
      lock.release();
      ctx.setCustomStatus('released');
      yield* ctx.waitForExternalEvent('release again');
      lock.release();
      lock[Symbol.dispose]();
    }
    return 'ended';
  }
}

export const ledgerOf = ({ id }: ScenarioRun, label: string): EntityId => new EntityId('ledger', id(label));

/** Unlocks that the current generation of an instance has sent: a lock whose holder has vanished is released too, but much later. */
export const unlocks = async ({ history }: ScenarioRun, instanceId: string): Promise<number> =>
  (await history(instanceId)).filter(({ eventType }) => eventType === 'EntityUnlockSent').length;

/** An orchestration that holds these ledgers, once it does; its id is its label's. */
export async function holder({ id, start, until }: ScenarioRun, label: string, keys: readonly string[], end?: End): Promise<string> {
  await start('holds', { keys: keys.map((key) => id(key)), end }, { instanceId: id(label) });
  await until(id(label), ({ customStatus }) => customStatus === 'locked');
  return id(label);
}

/** One that requests these ledgers and must wait for one of them. */
export async function waiter({ id, start, until }: ScenarioRun, label: string, keys: readonly string[], requests = 1): Promise<string> {
  await start('holds', { keys: keys.map((key) => id(key)) }, { instanceId: id(label) });
  await until(id(label), recorded('EntityLockRequested', requests));
  return id(label);
}
