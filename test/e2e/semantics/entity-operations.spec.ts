/** How operations come to entities: one at a time, in order, once, not before their time; calls and signals of orchestrators. */
import { Injectable } from '@nestjs/common';
import {
  Entity, EntityId, Orchestrator, TaskEntity, type EntityContext, type FailureDetails, type Orchestration, type OrchestrationContext, type TaskFailedError,
} from 'nestjs-durable';
import { DataSource } from 'typeorm';
import { createDatabase, DATABASES } from '../../support/databases.js';
import { eventually, useApps } from '../engine/start-app.js';
import { recorded } from '../support/conditions.js';
import { Echo } from '../support/echo.js';
import { callEntities, callEntity, EntityCallers, type Operation } from '../support/entity-callers.js';
import { Gates, useScenarios } from '../support/harness.js';

const minute = 60_000;
const day = 86_400_000;

/** What operations began and ended, in its order. */
@Injectable()
class Journal {
  readonly lines: string[] = [];
}

/** Its state is what was noted, in its order. */
@Entity()
class Desk extends TaskEntity<unknown[]> {
  constructor(private readonly gates: Gates, private readonly journal: Journal) {
    super();
  }

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

  echo(value?: unknown): unknown {
    return value;
  }

  /** Notes its gate when that is open. */
  async work(gate: string): Promise<string> {
    this.journal.lines.push(`${gate} begins`);
    await this.gates.pass(gate);
    this.journal.lines.push(`${gate} ends`);
    this.state.push(gate);
    return gate;
  }

  refuse(value: unknown): void {
    this.state.push(value);
    throw new RangeError(`no ${String(value)} here`);
  }

  /** Signals itself for later. */
  remind({ at, value }: { at: string; value: unknown }): void {
    this.context.signalEntity(this.context.entityId, 'note', value, { scheduledTime: new Date(at) });
  }

  _secret(): void {}
}

/** Adds up; in function form. */
@Injectable()
class Functions {
  @Entity()
  counter(ctx: EntityContext<number>): void {
    if (ctx.operationName === 'add') ctx.setState(ctx.getState(() => 0) + ctx.getInput<number>());
    ctx.return(ctx.getState());
  }
}

@Injectable()
class Orchestrators {
  /** Signals numbers, and in the end calls: one sender. */
  @Orchestrator()
  *sendsNumbers(ctx: OrchestrationContext, { key, count }: { key: string; count: number }): Orchestration<unknown[]> {
    const desk = ctx.entity(Desk, key);
    for (let number = 0; number < count; number += 1) desk.signal.note(`${ctx.instanceId} ${number}`);
    return yield* desk.read();
  }

  @Orchestrator()
  *callsTogether(ctx: OrchestrationContext, keys: string[]): Orchestration<string[]> {
    return yield* ctx.all(keys.map((key) => ctx.entity(Desk, key).work(key)));
  }

  /** By class and by name, both forms of entities. */
  @Orchestrator()
  *usesAllForms(ctx: OrchestrationContext, key: string): Orchestration<unknown[]> {
    const { note, read, signal } = ctx.entity(Desk, key);
    const [desk, counter] = [new EntityId('desk', key), new EntityId('counter', key)];
    const signalled = [signal.note('typed signal'), ctx.signalEntity(desk, 'note', 'signal'), ctx.signalEntity(counter, 'add', 1)];
    const answers = [yield* note('typed call'), yield* ctx.callEntity<number>(counter, 'add', 2), yield* ctx.callEntity(desk, 'READ'), yield* read()];
    return [signalled.every((value) => value === undefined), ...answers];
  }

  @Orchestrator()
  *watchesTask(ctx: OrchestrationContext, key: string): Orchestration<unknown[]> {
    const good = ctx.callEntity(new EntityId('desk', key), 'echo', 0);
    const bad = ctx.entity(Desk, key).refuse('paper');
    const seen: unknown[] = [[good.isCompleted, bad.isCompleted]];
    const winner = yield* ctx.any([good]);
    const settled = yield* ctx.allSettled([good, bad]);
    seen.push(winner === good, settled.map(({ status }) => status), [good.isCompleted, good.result, bad.isFaulted]);
    return seen;
  }

  @Orchestrator()
  *catches(ctx: OrchestrationContext, [entity, operation, input]: Operation): Orchestration<unknown> {
    try {
      return yield* ctx.callEntity(EntityId.parse(String(entity)), operation, input);
    } catch (error) {
      const { name, message, taskName, taskId, failureDetails } = error as TaskFailedError;
      return { name, message, taskName, taskId, failureDetails, isRange: (error as TaskFailedError).isCausedBy(RangeError) };
    }
  }

  /** What each bad call throws; the first action that counts is the activity. */
  @Orchestrator()
  *callsBadly(ctx: OrchestrationContext, key: string): Orchestration<string[]> {
    const id = new EntityId('desk', key);
    const desk = ctx.entity(Desk, key);
    const calls: (() => unknown)[] = [
      () => ctx.callEntity('@desk@a' as never, 'read'),
      () => ctx.signalEntity({ name: 'desk', key } as never, 'read'),
      () => ctx.callEntity(id, ''),
      () => ctx.signalEntity(id, 5 as never),
      () => ctx.callEntity(id, 'note', 1n),
      () => ctx.signalEntity(id, 'note', 1n),
      () => ctx.signalEntity(id, 'note', 1, { scheduledTime: new Date(NaN) }),
      () => (desk as unknown as Record<string, () => void>)['initializeState']!(),
      () => (desk as unknown as Record<string, () => void>)['_secret']!(),
      () => (desk.signal as unknown as Record<string, () => void>)['missing']!(),
      () => ctx.entity(Functions as never, key),
      () => ctx.entity(Desk, 'a/b'),
    ];
    const errors = calls.map((call) => {
      try {
        call();
        return 'it was accepted';
      } catch (error) {
        return (error as Error).name;
      }
    });
    yield* ctx.callActivity('echo', 1);
    return errors;
  }

  /** Signals, and calls without waiting. */
  @Orchestrator()
  leaves(ctx: OrchestrationContext, key: string): string {
    ctx.entity(Desk, key).note('called');
    ctx.entity(Desk, key).signal.note('signalled');
    return 'left';
  }

  @Orchestrator()
  *renews(ctx: OrchestrationContext, { key, generation }: { key: string; generation: number }): Orchestration<unknown> {
    const desk = ctx.entity(Desk, key);
    if (generation === 2) return yield* desk.read();
    desk.signal.note('before');
    ctx.continueAsNew({ key, generation: 2 });
    desk.signal.note('after');
    return undefined;
  }

  @Orchestrator()
  *schedules(ctx: OrchestrationContext, { key, delays }: { key: string; delays: number[] }): Orchestration<void> {
    const now = ctx.currentUtcDateTime.getTime();
    for (const delay of delays) ctx.entity(Desk, key).signal.note(delay, { scheduledTime: new Date(now + delay) });
    ctx.signalEntity(new EntityId('desk', key), 'note', 'by name', { scheduledTime: new Date(now + day) });
    yield* ctx.callActivity('echo', 1);
  }

  @Orchestrator()
  *doesAll(ctx: OrchestrationContext, key: string): Orchestration<void> {
    const desk = ctx.entity(Desk, key);
    desk.signal.note(1);
    const lock = yield* ctx.lock(desk);
    yield* desk.note(2);
    yield* ctx.allSettled([desk.refuse(3)]);
    lock.release();
  }
}

const scenario = useScenarios({ providers: [Journal, Desk, Functions, Orchestrators, Echo, EntityCallers] });

const range = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

describe('one entity', () => {
  scenario('[N4] carries out one operation at a time', async (run) => {
    const { client, gates, id, get, stateBecomes } = run;
    const desk = new EntityId('desk', id('a'));
    const labels = ['1', '2', '3'].map((label) => id(label));
    for (const label of labels) await client.signalEntity(desk, 'work', label);
    await gates.reached(labels[0]!);
    // What was sent has arrived long before this is done.
    await callEntity(run, new EntityId('desk', id('other')), 'note', 'done');
    const begun = get(Journal).lines;
    expect(begun).toEqual([`${labels[0]} begins`]);
    for (const label of labels) gates.open(label);
    await stateBecomes(desk, labels);
    expect(begun).toEqual(labels.flatMap((label) => [`${label} begins`, `${label} ends`]));
    begun.length = 0;
  });

  scenario('[N4] carries out what a client sends in the order sent, each once', async ({ client, id, stateBecomes }) => {
    const desk = new EntityId('desk', id('a'));
    for (const number of range(10)) await client.signalEntity(desk, 'note', number);
    await Promise.all(range(90).map((number) => client.signalEntity(desk, 'note', number + 10)));
    await stateBecomes(desk, range(100));
  });

  scenario('[N4] carries out what each orchestration sends in the order sent, calls and signals alike', async (run) => {
    const { id, start, output } = run;
    const count = 40;
    const callers = await Promise.all(range(5).map((number) => start('sendsNumbers', { key: id('a'), count }, { instanceId: id(`caller ${number}`) })));
    for (const caller of callers) {
      const own = ((await output(caller)) as string[]).filter((note) => note.startsWith(`${caller} `));
      expect(own).toEqual(range(count).map((number) => `${caller} ${number}`));
      // What it read besides is chance: it is not compared.
      await run.client.purgeInstanceHistory(caller);
    }
    expect(await run.state(new EntityId('desk', id('a')))).toHaveLength(5 * count);
    await callEntity(run, new EntityId('desk', id('a')), 'delete');
  });

  scenario('[N4] carries out what waits in batches, each of them one commit', async (run) => {
    const { client, gates, id, stateBecomes } = run;
    const desk = new EntityId('desk', id('a'));
    await client.signalEntity(desk, 'work', id('gate'));
    await gates.reached(id('gate'));
    await Promise.all(range(300).map((number) => client.signalEntity(desk, 'note', number)));
    gates.open(id('gate'));
    await stateBecomes(desk, [id('gate'), ...range(300)]);
    // One, were it not for the time that a batch may take.
    expect((await run.entityRows(desk)).rowVersion).toBeLessThan(60);
  });

  scenario('[N4] with maxEntityOperationBatchSize: 1 each operation is a commit of its own', async (run) => {
    await run.stop();
    await run.startAgain({ settings: { maxEntityOperationBatchSize: 1 } });
    const desk = new EntityId('desk', run.id('a'));
    await Promise.all(range(20).map((number) => run.client.signalEntity(desk, 'note', number)));
    await run.stateBecomes(desk, range(20));
    expect((await run.entityRows(desk)).rowVersion).toBeGreaterThanOrEqual(20);
  });

  scenario('[N5] an operation that fails in the middle of a batch leaves the rest of it unaffected', async (run) => {
    const { client, gates, id, start, output, until, stateBecomes } = run;
    const desk = new EntityId('desk', id('a'));
    await client.signalEntity(desk, 'work', id('gate'));
    await gates.reached(id('gate'));
    await start('callEntities', [[desk, 'note', 1], [desk, 'note', 2]], { instanceId: id('good') });
    await until(id('good'), recorded('EntityOperationCalled'));
    await client.signalEntity(desk, 'refuse', 'signal');
    await start('catches', [desk, 'refuse', 'call'], { instanceId: id('bad') });
    await until(id('bad'), recorded('EntityOperationCalled'));
    await client.signalEntity(desk, 'note', 3);
    gates.open(id('gate'));
    expect(await output(id('good'))).toEqual([[id('gate'), 1], [id('gate'), 1, 3, 2]]);
    expect(await output(id('bad'))).toMatchObject({ name: 'TaskFailedError', failureDetails: { errorType: 'RangeError', errorMessage: 'no call here' } });
    await stateBecomes(desk, [id('gate'), 1, 3, 2]);
  });

  scenario('[N4] a stop waits for the operation that runs; what waits is carried out after the next start, each once', async (run) => {
    const { client, gates, id, stop, startAgain, stateBecomes } = run;
    const desk = new EntityId('desk', id('a'));
    await client.signalEntity(desk, 'work', id('gate'));
    await gates.reached(id('gate'));
    for (const number of range(5)) await client.signalEntity(desk, 'note', number);
    const stopped = stop();
    gates.open(id('gate'));
    await stopped;
    await startAgain();
    await stateBecomes(desk, [id('gate'), ...range(5)]);
    expect(await callEntity(run, desk, 'note', 'last')).toEqual([id('gate'), ...range(5), 'last']);
  });
});

describe('several entities', () => {
  scenario('[N4] work at the same time', async ({ gates, id, start, output }) => {
    const keys = range(20).map((number) => id(`desk ${number}`));
    await start('callsTogether', keys, { instanceId: id('a') });
    for (const key of keys) await gates.reached(key);
    for (const key of keys) gates.open(key);
    expect(await output(id('a'))).toEqual(keys);
  });

  scenario('[N4] no more than maxConcurrentEntityFunctions at the same time; the others have their turn', async (run) => {
    await run.stop();
    await run.startAgain({ settings: { maxConcurrentEntityFunctions: 2 } });
    const { id, client, gates } = run;
    const { lines } = run.get(Journal);
    const keys = range(6).map((number) => id(`desk ${number}`));
    for (const key of keys) await client.signalEntity(new EntityId('desk', key), 'work', key);
    await run.eventually(() => lines.length === 2);
    // Orchestrations go on meanwhile.
    await run.run('signalEntities', []);
    expect(lines).toHaveLength(2);
    for (const key of keys) gates.open(key);
    for (const key of keys) await run.stateBecomes(new EntityId('desk', key), [key]);
    let running = 0;
    for (const line of lines) {
      running += line.endsWith('begins') ? 1 : -1;
      expect(running).toBeLessThanOrEqual(2);
    }
  });

  scenario('[N4] a slow one does not hold up another of its partition, nor orchestrations', async (run) => {
    const { client, gates, id, stateBecomes } = run;
    const slow = new EntityId('desk', id('slow'));
    await client.signalEntity(slow, 'work', id('gate'));
    await gates.reached(id('gate'));
    // More than there are partitions.
    const others = range(40).map((number) => new EntityId('desk', id(`quick ${number}`)));
    await Promise.all(others.map((other, number) => client.signalEntity(other, 'note', number)));
    for (const [number, other] of others.entries()) await stateBecomes(other, [number]);
    expect(await callEntity(run, others[0]!, 'note', 'called')).toEqual([0, 'called']);
    gates.open(id('gate'));
    await stateBecomes(slow, [id('gate')]);
  });
});

describe.each(DATABASES)('an operation whose worker loses its partitions, on %s', (kind) => {
  const startApp = useApps();

  /** Its first run goes on, in vain, after the second one. */
  @Entity()
  class Vault extends TaskEntity<number> {
    static runs = 0;

    constructor(private readonly gates: Gates) {
      super();
    }

    override initializeState(): number {
      return 0;
    }

    async add(amount: number): Promise<void> {
      const number = (Vault.runs += 1);
      this.context.signal.addEventListener('abort', () => void this.gates.pass(`aborted ${number}`));
      await this.gates.pass(`run ${number}`);
      this.state += amount;
      await this.gates.pass(`end of ${number}`);
    }

    ask(): number {
      return this.state;
    }
  }

  it('[N4] has its signal aborted, runs again, and has its effect on the state once', async () => {
    const { storage } = await createDatabase(kind);
    const gates = new Gates();
    Vault.runs = 0;
    const { client } = await startApp({ storage }, { providers: [Vault, EntityCallers], gates });
    const vault = new EntityId('vault', 'a');
    await client.signalEntity(vault, 'add', 5);
    await gates.reached('run 1');
    // What somebody does who takes them over and leaves them again.
    const beside = await new DataSource(storage).initialize();
    await beside.query('UPDATE durable_partitions SET owner = NULL, epoch = epoch + 1');
    await beside.destroy();
    await gates.reached('aborted 1');
    await gates.reached('run 2');
    gates.open('run 2');
    gates.open('end of 2');
    await eventually(async () => (await client.readEntityState(vault)).entityState === 5);
    gates.open('run 1');
    await gates.reached('end of 1');
    gates.open('end of 1');
    const asked = await client.startNew('callEntities', { input: [[vault, 'ask']] });
    expect(await client.waitForCompletion(asked)).toMatchObject({ output: [5] });
    expect(Vault.runs).toBe(2);
  });
});

describe('scheduled signals', () => {
  scenario('[N7] of clients never arrive early; what is sent behind them at once does not wait', async ({ client, clock, id, stateBecomes }) => {
    const desk = new EntityId('desk', id('a'));
    await client.signalEntity(desk, 'note', 'scheduled', { scheduledTime: new Date(Date.now() + clock.skew + day) });
    clock.advance(day - minute);
    await client.signalEntity(desk, 'note', 'at once');
    await stateBecomes(desk, ['at once']);
    clock.advance(minute);
    await stateBecomes(desk, ['at once', 'scheduled']);
  });

  scenario('[N7] that are due together arrive in the order of their times, at the same time in the order sent', async (run) => {
    const { client, clock, id, stateBecomes, entityRows } = run;
    const desk = new EntityId('desk', id('a'));
    const now = Date.now() + clock.skew;
    for (const [value, delay] of [['c', 3], ['a', 1], ['b', 2], ['b too', 2], ['b three', 2]] as const) {
      await client.signalEntity(desk, 'note', value, { scheduledTime: new Date(now + delay * minute) });
    }
    await run.eventually(async () => (await entityRows(desk)).queued === 5);
    clock.advance(10 * minute);
    await stateBecomes(desk, ['a', 'b', 'b too', 'b three', 'c']);
  });

  scenario('[N7] for a time in the past arrive at once, in their order', async ({ client, id, stateBecomes }) => {
    const desk = new EntityId('desk', id('a'));
    await client.signalEntity(desk, 'note', 1);
    await client.signalEntity(desk, 'note', 2, { scheduledTime: new Date(0) });
    await client.signalEntity(desk, 'note', 3);
    await stateBecomes(desk, [1, 2, 3]);
  });

  scenario('[N7] of orchestrators, by class and by name, never arrive early', async (run) => {
    const { clock, id, start, output, stateBecomes } = run;
    const desk = new EntityId('desk', id('a'));
    await output(await start('schedules', { key: id('a'), delays: [2 * minute, minute, -minute] }));
    await stateBecomes(desk, [-minute]);
    clock.advance(minute);
    await stateBecomes(desk, [-minute, minute]);
    clock.advance(minute);
    await stateBecomes(desk, [-minute, minute, 2 * minute]);
    clock.advance(day - 3 * minute);
    expect(await callEntity(run, desk, 'read')).toHaveLength(3);
    clock.advance(minute);
    await stateBecomes(desk, [-minute, minute, 2 * minute, 'by name']);
  });

  scenario('[N7] of entities never arrive early', async (run) => {
    const { clock, id, stateBecomes } = run;
    const desk = new EntityId('desk', id('a'));
    const at = new Date(Date.now() + clock.skew + day);
    await callEntities(run, [desk, 'remind', { at, value: 'reminded' }]);
    clock.advance(day - minute);
    expect(await callEntity(run, desk, 'note', 'early')).toEqual(['early']);
    clock.advance(minute);
    await stateBecomes(desk, ['early', 'reminded']);
  });

  scenario('[N7] survive a restart, and are carried out once', async (run) => {
    const { client, clock, id, stop, startAgain, stateBecomes } = run;
    const desk = new EntityId('desk', id('a'));
    const now = Date.now() + clock.skew;
    for (const delay of [1, 3]) await client.signalEntity(desk, 'note', delay, { scheduledTime: new Date(now + delay * day) });
    // It is kept until its time before the process stops.
    await run.eventually(async () => (await run.entityRows(desk)).queued === 2);
    await stop();
    clock.advance(2 * day);
    await startAgain();
    await stateBecomes(desk, [1]);
    clock.advance(day);
    await stateBecomes(desk, [1, 3]);
    expect(await callEntity(run, desk, 'read')).toEqual([1, 3]);
    expect(await run.entityRows(desk)).toMatchObject({ messages: 0, queued: 0, timers: 0 });
  });
});

describe('calls and signals of orchestrators', () => {
  scenario('[N8] callEntity gives a result, signalEntity nothing; by class and by name, for both forms of entities', async ({ id, run, stateBecomes }) => {
    const notes = ['typed signal', 'signal', 'typed call'];
    expect((await run('usesAllForms', id('a'))).output).toEqual([true, notes, 3, notes, notes]);
    await stateBecomes(new EntityId('counter', id('a')), 3);
  });

  scenario('[N8] callEntity is a task', async ({ id, run }) => {
    expect((await run('watchesTask', id('a'))).output).toEqual([[false, false], true, ['fulfilled', 'rejected'], [true, 0, true]]);
  });

  scenario('[N8] [A2] a call that fails throws TaskFailedError', async ({ id, run }) => {
    const taskName = expect.stringContaining('refuse');
    expect((await run('catches', [`@Desk@${id('a')}`, 'refuse', 'paper'])).output).toMatchObject({
      name: 'TaskFailedError', message: expect.stringContaining('no paper here'), taskName, taskId: 0, isRange: true,
      failureDetails: { errorType: 'RangeError', errorMessage: 'no paper here', isNonRetriable: false },
    });
  });

  scenario('[N8] [O4] falsy values survive both ways', async (run) => {
    const desk = new EntityId('desk', run.id('a'));
    const values = [0, '', false, null];
    expect(await callEntities(run, ...values.map((value): Operation => [desk, 'echo', value]), [desk, 'echo'])).toEqual([...values, null]);
  });

  scenario('[N8] refuse bad arguments at the call', async ({ id, run }) => {
    const names = [
      'TypeError', 'TypeError', 'TypeError', 'TypeError', 'SerializationError', 'SerializationError', 'RangeError', 'TypeError', 'TypeError', 'TypeError', 'TypeError',
      'InvalidInstanceIdError',
    ];
    expect((await run('callsBadly', id('a'), { instanceId: id('caller') })).output).toEqual(names);
  });

  scenario('[N8] [O10] what was called is carried out although its caller has ended', async ({ id, run, stateBecomes }) => {
    expect((await run('leaves', id('a'))).output).toBe('left');
    await stateBecomes(new EntityId('desk', id('a')), ['called', 'signalled']);
  });

  scenario('[N8] [C2] signals before continueAsNew are kept, those after it are ignored', async ({ id, run, state }) => {
    expect((await run('renews', { key: id('a'), generation: 1 })).output).toEqual(['before']);
    expect(await state(new EntityId('desk', id('a')))).toEqual(['before']);
  });

  scenario('[N8] [Y3] an answer for a caller that was terminated is ignored', async (run) => {
    const { client, gates, id, start, ended, state, stateBecomes } = run;
    const desk = new EntityId('desk', id('a'));
    await start('callEntities', [[desk, 'work', id('gate')]], { instanceId: id('caller') });
    await gates.reached(id('gate'));
    await client.terminate(id('caller'), 'enough');
    await ended(id('caller'));
    gates.open(id('gate'));
    await stateBecomes(desk, [id('gate')]);
    await run.eventually(async () => (await run.waitingWork(id('caller'))).messages === 0);
    expect(await ended(id('caller'))).toMatchObject({ runtimeStatus: 'Terminated' });
    expect(await state(desk)).toEqual([id('gate')]);
  });

  scenario('[N7] a call of an entity whose name no live worker has fails, non-retriably, with the names that there are', async ({ id, run }) => {
    const { failureDetails } = (await run('catches', [`@Nobody@${id('a')}`, 'read'])).output as { failureDetails: FailureDetails };
    expect(failureDetails).toMatchObject({ errorType: 'UnknownHandlerError', isNonRetriable: true });
    for (const name of ["'nobody'", "'desk'", "'counter'"]) expect(failureDetails.errorMessage).toContain(name);
  });

  scenario('[Y4] [N8] the history shows them under Azure\'s names', async ({ id, run, history }) => {
    const instance = (await run('doesAll', id('a'))).instanceId;
    const types = (await history(instance)).map(({ eventType }) => eventType as string).filter((type) => type.startsWith('Entity'));
    expect(types).toEqual([
      'EntityOperationSignaled', 'EntityLockRequested', 'EntityLockGranted', 'EntityOperationCalled', 'EntityOperationCompleted',
      'EntityOperationCalled', 'EntityOperationFailed', 'EntityUnlockSent',
    ]);
  });
});
