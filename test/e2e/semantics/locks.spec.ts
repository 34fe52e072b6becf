/** Critical sections: orchestrations that have entities to themselves for a while. */
import { Injectable } from '@nestjs/common';
import {
  Entity, EntityId, Orchestrator, TaskEntity, type DurableTask, type Orchestration, type OrchestrationContext,
} from 'nestjs-durable';
import { recorded } from '../support/conditions.js';
import { Echo } from '../support/echo.js';
import { callEntity, EntityCallers } from '../support/entity-callers.js';
import { useScenarios, type ScenarioRun } from '../support/harness.js';

/** Its state is what was noted, in its order. */
@Entity()
class Ledger extends TaskEntity<unknown[]> {
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

@Entity()
class Account extends TaskEntity<number> {
  override initializeState(): number {
    return 0;
  }

  balance(): number {
    return this.state;
  }

  set(balance: number): void {
    this.state = balance;
  }
}

/** What `holds` does once it has its locks and an event 'go' has come. */
type End = 'complete' | 'fail' | 'continueAsNew' | 'release' | 'break a rule';

interface Hold {
  readonly keys: readonly string[];
  readonly end?: End;
}

@Injectable()
class Orchestrators {
  @Orchestrator()
  returns(_ctx: OrchestrationContext, input: unknown): unknown {
    return input;
  }

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

  /** Calls without waiting for the answer, and leaves the section, or ends. */
  @Orchestrator()
  *leavesCall(ctx: OrchestrationContext, { key, isReleasing }: { key: string; isReleasing: boolean }): Orchestration<void> {
    const lock = yield* ctx.lock(ctx.entity(Ledger, key));
    ctx.setCustomStatus('locked');
    yield* ctx.waitForExternalEvent('go');
    ctx.entity(Ledger, key).note('called inside');
    if (isReleasing) lock.release();
  }

  /** Adds to a ledger in each generation, always alone. */
  @Orchestrator()
  *countsDown(ctx: OrchestrationContext, { key, left }: { key: string; left: number }): Orchestration<unknown> {
    const ledger = ctx.entity(Ledger, key);
    if (left === 0) return yield* ledger.read();
    yield* ctx.lock(ledger);
    yield* ledger.note(left);
    ctx.continueAsNew({ key, left: left - 1 });
    return undefined;
  }

  /** Adds to accounts what takes a read, an activity and a write: others must not come in between. */
  @Orchestrator()
  *adds(ctx: OrchestrationContext, { keys, amount }: { keys: string[]; amount: number }): Orchestration<void> {
    const accounts = keys.map((key) => ctx.entity(Account, key));
    using _lock = yield* ctx.lock(...accounts);
    const balances = yield* ctx.all(accounts.map((account) => account.balance()));
    yield* ctx.activities(Echo).echo('a while');
    yield* ctx.all(accounts.map((account, index) => account.set(balances[index]! + amount)));
  }

  /** Locks by ids and stubs, some of them twice. */
  @Orchestrator()
  *locksTwice(ctx: OrchestrationContext, [first, second]: [string, string]): Orchestration<unknown> {
    const [a, b] = [new EntityId('Ledger', first), new EntityId('ledger', second)];
    const before = ctx.isLocked();
    const request = ctx.lock(b, a, ctx.entity(Ledger, second), new EntityId('LEDGER', first), b);
    const requested = ctx.isLocked();
    const lock = yield* request;
    const inside = ctx.isLocked();
    lock.release();
    return { before, requested, inside, after: ctx.isLocked() };
  }

  /** Two sections, one after the other, the first one left by an error. */
  @Orchestrator()
  *usesLock(ctx: OrchestrationContext, key: string): Orchestration<unknown> {
    const ledger = ctx.entity(Ledger, key);
    try {
      using _lock = yield* ctx.lock(ledger);
      yield* ledger.note('first');
      throw new RangeError('out of the section');
    } catch (error) {
      yield* ledger.note((error as Error).message);
    }
    const between = ctx.isLocked();
    using _again = yield* ctx.lock(ledger);
    return [between, ctx.isLocked(), yield* ledger.note('second')];
  }

  /** What each forbidden call throws, while locks are requested, while they are held, and afterwards. */
  @Orchestrator()
  *breaksRules(ctx: OrchestrationContext, [key, other]: [string, string]): Orchestration<unknown> {
    const [mine, foreign] = [ctx.entity(Ledger, key), ctx.entity(Ledger, other)];
    const calls: Record<string, () => unknown> = {
      'second lock': () => ctx.lock(foreign),
      'same lock': () => ctx.lock(mine),
      'sub-orchestration': () => ctx.callSubOrchestrator('returns', 1),
      'typed sub-orchestration': () => ctx.orchestrators(Orchestrators).returns(1),
      'entity that is not locked': () => foreign.read(),
      'parallel calls': () => [mine.read(), ctx.callEntity(new EntityId('ledger', key), 'read')],
      'signal to a locked one': () => mine.signal.note('never'),
      'signal by name': () => ctx.signalEntity(new EntityId('LEDGER', key), 'note', 'never'),
    };
    const made: unknown[] = [];
    const attempt = (names: readonly string[]): unknown =>
      Object.fromEntries(names.map((name) => [name, thrownBy(() => void made.push(calls[name]!()))]));
    const request = ctx.lock(mine);
    const requesting = attempt(['second lock', 'sub-orchestration', 'entity that is not locked', 'parallel calls']);
    const lock = yield* request;
    const inside = attempt(Object.keys(calls));
    lock.release();
    const after = attempt(['sub-orchestration', 'entity that is not locked', 'parallel calls', 'signal to a locked one']);
    yield* ctx.all(made.flat().filter((each) => each !== undefined) as DurableTask<unknown>[]);
    const again = yield* ctx.lock(foreign);
    again.release();
    return { requesting, inside, after };
  }

  /** All that is allowed inside. */
  @Orchestrator()
  *keepsRules(ctx: OrchestrationContext, [a, b, free]: [string, string, string]): Orchestration<unknown> {
    const [first, second] = [ctx.entity(Ledger, a), ctx.entity(Ledger, b)];
    using _lock = yield* ctx.lock(first, second);
    const activities = yield* ctx.all([ctx.callActivity('echo', 1), ctx.callActivity('echo', 2)]);
    const calls: readonly DurableTask<unknown[]>[] = [first.note(1), second.note(2)];
    const notes = yield* ctx.all([...calls]);
    ctx.entity(Ledger, free).signal.note('a signal from inside');
    yield* ctx.createTimer(0);
    ctx.setCustomStatus('inside');
    const event = yield* ctx.waitForExternalEvent('go');
    return [activities, notes, event, yield* first.note(3), yield* first.note(4)];
  }
}

function thrownBy(call: () => unknown): string | null {
  try {
    call();
    return null;
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

const scenario = useScenarios({ providers: [Ledger, Account, Orchestrators, Echo, EntityCallers] });

const range = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

const ledgerOf = ({ id }: ScenarioRun, label: string): EntityId => new EntityId('ledger', id(label));

/** Unlocks that the current generation of an instance has sent: a lock whose holder has vanished is released too, but much later. */
const unlocks = async ({ history }: ScenarioRun, instanceId: string): Promise<number> =>
  (await history(instanceId)).filter(({ eventType }) => eventType === 'EntityUnlockSent').length;

/** An orchestration that holds these ledgers, once it does; its id is its label's. */
async function holder({ id, start, until }: ScenarioRun, label: string, keys: readonly string[], end?: End): Promise<string> {
  await start('holds', { keys: keys.map((key) => id(key)), end }, { instanceId: id(label) });
  await until(id(label), ({ customStatus }) => customStatus === 'locked');
  return id(label);
}

/** One that requests these ledgers and must wait for one of them. */
async function waiter({ id, start, until }: ScenarioRun, label: string, keys: readonly string[], requests = 1): Promise<string> {
  await start('holds', { keys: keys.map((key) => id(key)) }, { instanceId: id(label) });
  await until(id(label), recorded('EntityLockRequested', requests));
  return id(label);
}

describe('a lock', () => {
  scenario('[L1] keeps others\' operations out; afterwards they are carried out in their order', async (run) => {
    const { client, id, start, until, output, state } = run;
    const ledger = ledgerOf(run, 'a');
    const owner = await holder(run, 'owner', ['a']);
    for (const number of range(5)) await client.signalEntity(ledger, 'note', number);
    await start('callEntities', [[ledger, 'note', 'call']], { instanceId: id('caller') });
    await until(id('caller'), recorded('EntityOperationCalled'));
    // What it is kept from is another entity's.
    await callEntity(run, ledgerOf(run, 'other'), 'note', 'free');
    expect(await state(ledger)).toBeUndefined();
    await client.raiseEvent(owner, 'go');
    await output(owner);
    expect(await output(id('caller'))).toEqual([[owner, ...range(5), 'call']]);
  });

  scenario('[L1] is granted in the order of the requests, between the operations that were sent before and after them', async (run) => {
    const { client, output, stateBecomes } = run;
    const ledger = ledgerOf(run, 'a');
    const first = await holder(run, 'first', ['a']);
    await client.signalEntity(ledger, 'note', 'before the second');
    const second = await waiter(run, 'second', ['a']);
    await client.signalEntity(ledger, 'note', 'behind the second');
    const third = await waiter(run, 'third', ['a']);
    for (const owner of [third, second, first]) await client.raiseEvent(owner, 'go');
    for (const owner of [first, second, third]) await output(owner);
    await stateBecomes(ledger, [first, 'before the second', second, 'behind the second', third]);
  });

  scenario('[L1] outlives its process: whoever waited still waits, and has its turn in the end', async (run) => {
    const { output, stop, startAgain, stateBecomes } = run;
    const ledger = ledgerOf(run, 'a');
    const owner = await holder(run, 'owner', ['a']);
    await run.client.signalEntity(ledger, 'note', 'signal');
    const next = await waiter(run, 'next', ['a']);
    await stop();
    await startAgain();
    await callEntity(run, ledgerOf(run, 'other'), 'note', 'free');
    expect(await run.state(ledger)).toBeUndefined();
    for (const each of [next, owner]) await run.client.raiseEvent(each, 'go');
    for (const each of [owner, next]) await output(each);
    await stateBecomes(ledger, [owner, 'signal', next]);
  });

  scenario('[L1] [N7] keeps a scheduled signal out that is due meanwhile', async (run) => {
    const { client, clock, output, stateBecomes } = run;
    const ledger = ledgerOf(run, 'a');
    const owner = await holder(run, 'owner', ['a']);
    await client.signalEntity(ledger, 'note', 'scheduled', { scheduledTime: new Date(Date.now() + clock.skew + 60_000) });
    await run.eventually(async () => (await run.entityRows(ledger)).queued === 1);
    clock.advance(60_000);
    await callEntity(run, ledgerOf(run, 'other'), 'note', 'free');
    expect(await run.state(ledger)).toBeUndefined();
    await client.raiseEvent(owner, 'go');
    await output(owner);
    await stateBecomes(ledger, [owner, 'scheduled']);
  });

  scenario('[L1] [K7] granted to a suspended orchestration is kept, and used on resume', async (run) => {
    const { client, until, output, stateBecomes } = run;
    const owner = await holder(run, 'owner', ['a']);
    const next = await waiter(run, 'next', ['a']);
    await client.suspend(next);
    await until(next, ({ runtimeStatus }) => runtimeStatus === 'Suspended');
    await client.raiseEvent(owner, 'go');
    await until(next, recorded('EntityLockGranted'));
    await client.signalEntity(ledgerOf(run, 'a'), 'note', 'signal');
    await client.resume(next);
    await client.raiseEvent(next, 'go');
    await output(next);
    await stateBecomes(ledgerOf(run, 'a'), [owner, next, 'signal']);
  });

  scenario('[L1] of several ids and stubs: each is locked once, in a fixed order, and isLocked tells', async (run) => {
    const { id, start, output, history } = run;
    const ids = [id('x'), id('y')].map((key) => `@ledger@${key}`);
    const instance = await start('locksTwice', [id('y'), id('x')]);
    const free = { isLocked: false, ownedLocks: [] };
    expect(await output(instance)).toEqual({ before: free, requested: free, inside: { isLocked: true, ownedLocks: ids }, after: free });
    const requests = (await history(instance)).filter(({ eventType }) => eventType === 'EntityLockRequested');
    expect(requests.map(({ instanceId }) => instanceId)).toEqual(ids);
    expect(await unlocks(run, instance)).toBe(2);
  });

  scenario('[L1] several at once, in opposite orders: no deadlock, and nobody comes in between', async (run) => {
    const { client, id, start, ended } = run;
    const keys = range(5).map((index) => id(`account ${index}`));
    // Neighbours at a round table, who reach for the left one first or for the right one.
    const pairs = range(10).map((number) => {
      const pair = [keys[number % 5]!, keys[(number + 1) % 5]!];
      return number % 2 === 0 ? pair : pair.toReversed();
    });
    const instances = await Promise.all([...pairs, keys, keys.toReversed()].map((each) => start('adds', { keys: each, amount: 1 })));
    for (const instance of instances) {
      expect(await ended(instance)).toMatchObject({ runtimeStatus: 'Completed' });
      // What it read is chance: it is not compared.
      await client.purgeInstanceHistory(instance);
    }
    for (const key of keys) expect(await run.state(new EntityId('account', key))).toBe(6);
  });

  scenario('[L1] release is idempotent: what has been released may be another\'s by then', async (run) => {
    const { client, until, output, stateBecomes } = run;
    const first = await holder(run, 'first', ['a'], 'release');
    const second = await waiter(run, 'second', ['a']);
    await client.raiseEvent(first, 'go');
    await until(second, ({ customStatus }) => customStatus === 'locked');
    await client.signalEntity(ledgerOf(run, 'a'), 'note', 'signal');
    await client.raiseEvent(first, 'release again');
    await output(first);
    expect(await unlocks(run, first)).toBe(1);
    await callEntity(run, ledgerOf(run, 'other'), 'note', 'free');
    expect(await run.state(ledgerOf(run, 'a'))).toEqual([first]);
    await client.raiseEvent(second, 'go');
    await stateBecomes(ledgerOf(run, 'a'), [first, second, 'signal']);
    await output(second);
  });

  for (const isReleasing of [true, false]) {
    scenario(`[L1] what was called inside is carried out before others' operations, also when nobody waits for it (${isReleasing ? 'released' : 'ended'})`, async (run) => {
      const { client, id, start, until, output, stateBecomes } = run;
      await start('leavesCall', { key: id('a'), isReleasing }, { instanceId: id('owner') });
      await until(id('owner'), ({ customStatus }) => customStatus === 'locked');
      await client.signalEntity(ledgerOf(run, 'a'), 'note', 'signal');
      const next = await waiter(run, 'next', ['a']);
      await client.raiseEvent(id('owner'), 'go');
      await output(id('owner'));
      await client.raiseEvent(next, 'go');
      await output(next);
      await stateBecomes(ledgerOf(run, 'a'), ['called inside', 'signal', next]);
    });
  }

  scenario('[L1] is Disposable: `using` releases it where its block ends', async ({ id, run }) => {
    const { output } = await run('usesLock', id('a'));
    const inside = { isLocked: true, ownedLocks: [`@ledger@${id('a')}`] };
    expect(output).toEqual([{ isLocked: false, ownedLocks: [] }, inside, ['first', 'out of the section', 'second']]);
  });
});

describe('a lock ends with its orchestration', () => {
  const ends: readonly (readonly [End, string])[] = [
    ['complete', 'Completed'], ['fail', 'Failed'], ['break a rule', 'Failed'], ['continueAsNew', 'Completed'],
  ];
  for (const [end, status] of ends) {
    scenario(`[L1] that ends by: ${end}`, async (run) => {
      const owner = await holder(run, 'owner', ['a', 'b'], end);
      const next = await waiter(run, 'next', ['b']);
      await run.client.signalEntity(ledgerOf(run, 'a'), 'note', 'signal');
      for (const each of [owner, next]) await run.client.raiseEvent(each, 'go');
      expect(await run.ended(owner)).toMatchObject({ runtimeStatus: status });
      // Those of earlier generations are gone with their history.
      if (end !== 'continueAsNew') expect(await unlocks(run, owner)).toBe(2);
      await run.output(next);
      await run.stateBecomes(ledgerOf(run, 'a'), [owner, 'signal']);
      expect(await run.state(ledgerOf(run, 'b'))).toEqual([owner, next]);
    });
  }

  scenario('[L1] that is continued as new: the next generation holds nothing', async (run) => {
    const owner = await holder(run, 'owner', ['a'], 'continueAsNew');
    await run.client.raiseEvent(owner, 'go');
    expect(await run.output(owner)).toEqual({ isLocked: false, ownedLocks: [] });
    expect(await callEntity(run, ledgerOf(run, 'a'), 'note', 'free')).toEqual([owner, 'free']);
  });

  scenario('[L1] [C1] that is continued as new again and again: each generation locks anew', async ({ id, run }) => {
    expect((await run('countsDown', { key: id('a'), left: 5 })).output).toEqual([5, 4, 3, 2, 1]);
  });

  scenario('[L1] that is terminated while it holds one, and while it waits for another', async (run) => {
    const { client, ended, output, stateBecomes } = run;
    const owner = await holder(run, 'owner', ['b']);
    const between = await waiter(run, 'between', ['a', 'b'], 2);
    const next = await waiter(run, 'next', ['a']);
    await client.signalEntity(ledgerOf(run, 'b'), 'note', 'signal');
    await client.terminate(between, 'enough');
    expect(await ended(between)).toMatchObject({ runtimeStatus: 'Terminated' });
    expect(await unlocks(run, between)).toBe(2);
    await client.raiseEvent(next, 'go');
    expect(await output(next)).toBe('ended');
    await client.terminate(owner, 'enough');
    await stateBecomes(ledgerOf(run, 'b'), ['signal']);
    await stateBecomes(ledgerOf(run, 'a'), [next]);
  });

  scenario('[L1] that is terminated while it is suspended', async (run) => {
    const { client, until } = run;
    const owner = await holder(run, 'owner', ['a']);
    await client.suspend(owner);
    await until(owner, ({ runtimeStatus }) => runtimeStatus === 'Suspended');
    await client.terminate(owner);
    expect(await callEntity(run, ledgerOf(run, 'a'), 'note', 'free')).toEqual(['free']);
  });

  scenario('[L1] [K1] that is terminated and replaced', async (run) => {
    const { client, id, until, output } = run;
    const owner = await holder(run, 'owner', ['a']);
    const next = await waiter(run, 'next', ['a']);
    const begun = performance.now();
    await client.startNew('holds', { instanceId: owner, input: { keys: [id('a')] }, onConflict: 'terminateAndReplace' });
    await until(next, ({ customStatus }) => customStatus === 'locked');
    // Holders that have vanished are looked for after 5 s.
    expect(performance.now() - begun).toBeLessThan(4_500);
    for (const each of [next, owner]) await client.raiseEvent(each, 'go');
    for (const each of [next, owner]) await output(each);
    expect(await run.state(ledgerOf(run, 'a'))).toEqual([next, owner]);
  });

  scenario('[L1] [Y2] whose code was changed', async (run) => {
    @Injectable()
    class Changed {
      @Orchestrator()
      *holds(ctx: OrchestrationContext): Orchestration<void> {
        yield* ctx.createTimer(1);
      }
    }
    const owner = await holder(run, 'owner', ['a']);
    await run.stop();
    await run.startAgain({ providers: [Ledger, Echo, EntityCallers, Changed] });
    await run.client.raiseEvent(owner, 'go');
    expect(await run.ended(owner)).toMatchObject({ runtimeStatus: 'Failed', failureDetails: { errorType: 'NonDeterminismError' } });
    expect(await unlocks(run, owner)).toBe(1);
    expect(await callEntity(run, ledgerOf(run, 'a'), 'note', 'free')).toEqual(['free']);
  });

  scenario('[L1] [N6] and a locked entity without a state disappears with its lock', async (run) => {
    const owner = await holder(run, 'owner', ['a']);
    expect(await run.client.readEntityState(ledgerOf(run, 'a'))).toEqual({ entityExists: false });
    expect(await run.entityRows(ledgerOf(run, 'a'))).toMatchObject({ rowVersion: expect.any(Number) });
    await run.client.terminate(owner);
    await run.eventually(async () => (await run.entityRows(ledgerOf(run, 'a'))).rowVersion === undefined);
    expect(await run.entityRows(ledgerOf(run, 'a'))).toEqual({ messages: 0, queued: 0, timers: 0 });
  });
});

describe('inside a critical section', () => {
  const refused = (rule: RegExp): unknown => expect.stringMatching(new RegExp(`^LockingRulesViolationError: .*${rule.source}`, 's'));

  scenario('[L2] each rule is refused with a message that says which one; afterwards all is allowed', async (run) => {
    const { id, output, start } = run;
    const instance = await start('breaksRules', [id('mine'), id('foreign')], { instanceId: id('breaker') });
    const { requesting, inside, after } = (await output(instance)) as Record<string, Record<string, string | null>>;
    const rules = { 'second lock': refused(/second lock/), 'sub-orchestration': refused(/sub-orchestration/) };
    const tooEarly = refused(/before it has the lock/);
    expect(requesting).toEqual({ ...rules, 'entity that is not locked': tooEarly, 'parallel calls': tooEarly });
    expect(inside).toEqual({
      ...rules,
      'same lock': refused(/second lock/),
      'typed sub-orchestration': refused(/sub-orchestration/),
      'entity that is not locked': refused(/not among those that .* has locked/),
      'parallel calls': refused(/in parallel/),
      'signal to a locked one': refused(/signal/),
      'signal by name': refused(/signal/),
    });
    expect(after).toEqual({ 'sub-orchestration': null, 'entity that is not locked': null, 'parallel calls': null, 'signal to a locked one': null });
    // And where.
    for (const message of Object.values(inside!)) expect(message).toContain(`orchestrator 'breaksRules', instance '${instance}'`);
    await run.stateBecomes(new EntityId('ledger', id('mine')), ['never']);
  });

  scenario('[L2] activities, timers, events, calls of different locked entities, and signals to others are allowed', async (run) => {
    const { client, id, start, until, output, stateBecomes } = run;
    const instance = await start('keepsRules', [id('a'), id('b'), id('free')]);
    await until(instance, ({ customStatus }) => customStatus === 'inside');
    await stateBecomes(ledgerOf(run, 'free'), ['a signal from inside']);
    await client.raiseEvent(instance, 'go', 'came');
    expect(await output(instance)).toEqual([[1, 2], [[1], [2]], 'came', [1, 3], [1, 3, 4]]);
  });
});
