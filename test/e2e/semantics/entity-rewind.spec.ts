/** Rewind of orchestrations that have called, signalled and locked entities [K8]. */
import { Injectable } from '@nestjs/common';
import { Activity, Entity, EntityId, Orchestrator, TaskEntity, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { recorded } from '../support/conditions.js';
import { callEntity, EntityCallers } from '../support/entity-callers.js';
import { Gates, useScenarios, type ScenarioRun } from '../support/harness.js';

/** What is out of order: operations and activities fail there until a scenario mends it. */
const broken = new Set<string>();

/** Its state is what was bought, in its order. */
@Entity()
class Shop extends TaskEntity<string[]> {
  constructor(private readonly gates: Gates) {
    super();
  }

  override initializeState(): string[] {
    return [];
  }

  buy(what: string): number {
    this.state.push(what);
    if (broken.has(what)) throw new Error(`${what} is out of order`);
    return this.state.length;
  }

  async buyAtGate(gate: string): Promise<number> {
    await this.gates.pass(gate);
    return this.buy(gate);
  }
}

@Injectable()
class Orchestrators {
  constructor(private readonly gates: Gates) {}

  @Activity()
  work(what: string): string {
    if (broken.has(what)) throw new Error(`${what} is out of order`);
    return what;
  }

  @Activity()
  async workAtGate(what: string): Promise<void> {
    this.work(what);
    await this.gates.pass(what);
  }

  /** Calls and signals, one after the other. */
  @Orchestrator()
  *buys(ctx: OrchestrationContext, key: string): Orchestration<number[]> {
    const shop = ctx.entity(Shop, key);
    const first = yield* shop.buy('a');
    shop.signal.buy('signalled');
    return [first, yield* shop.buy(`${key} b`), yield* shop.buy('c')];
  }

  @Orchestrator()
  *buysTogether(ctx: OrchestrationContext, keys: string[]): Orchestration<number[]> {
    return yield* ctx.all(keys.map((key) => ctx.entity(Shop, key).buy(key)));
  }

  @Orchestrator()
  *buysAnyway(ctx: OrchestrationContext, key: string): Orchestration<string[]> {
    const bought: string[] = [];
    try {
      yield* ctx.entity(Shop, key).buy(`${key} first`);
      bought.push('first');
    } catch {
      yield* ctx.entity(Shop, key).buy('instead');
      bought.push('instead');
    }
    return [...bought, yield* ctx.activities(Orchestrators).work(`${key} last`)];
  }

  /** Has a call under way when its activity fails. */
  @Orchestrator()
  *failsMeanwhile(ctx: OrchestrationContext, key: string): Orchestration<unknown> {
    const call = ctx.entity(Shop, key).buyAtGate(key);
    yield* ctx.activities(Orchestrators).work(`${key} work`);
    return yield* call;
  }

  /** A critical section, in which the second call may fail, and one behind it. */
  @Orchestrator()
  *buysAlone(ctx: OrchestrationContext, keys: string[]): Orchestration<unknown[]> {
    const shops = keys.map((key) => ctx.entity(Shop, key));
    const lock = yield* ctx.lock(...shops);
    const answers: unknown[] = [yield* shops[0]!.buy('a'), ctx.isLocked().ownedLocks.length];
    ctx.setCustomStatus('inside');
    answers.push(yield* shops[1]!.buy(`${keys[1]} b`), ctx.isLocked().ownedLocks.length);
    lock.release();
    using _again = yield* ctx.lock(shops[0]!);
    return [...answers, yield* shops[0]!.buy(`${keys[0]} c`)];
  }

  /** Holds a shop until an event 'go' comes. */
  @Orchestrator()
  *holdsShop(ctx: OrchestrationContext, key: string): Orchestration<void> {
    const shop = ctx.entity(Shop, key);
    using _lock = yield* ctx.lock(shop);
    ctx.setCustomStatus('inside');
    yield* ctx.waitForExternalEvent('go');
    yield* shop.buy('held');
  }

  /** May fail inside of a section by an activity. */
  @Orchestrator()
  *worksAlone(ctx: OrchestrationContext, key: string): Orchestration<unknown> {
    const shop = ctx.entity(Shop, key);
    using _lock = yield* ctx.lock(shop);
    yield* ctx.activities(Orchestrators).workAtGate(`${key} work`);
    return yield* shop.buy('at last');
  }
}

const scenario = useScenarios({ providers: [Shop, Orchestrators, EntityCallers] });

const shopOf = (key: string): EntityId => new EntityId('shop', key);

async function fails({ ended }: ScenarioRun, instanceId: string): Promise<void> {
  expect(await ended(instanceId)).toMatchObject({ runtimeStatus: 'Failed' });
}

describe('rewind of entity calls', () => {
  scenario('[K8] the one that failed runs again, those that succeeded and signals do not; as often as it takes', async (run) => {
    const { client, id, start, output, history } = run;
    const a = id('a');
    broken.add(`${a} b`);
    await start('buys', a, { instanceId: a });
    for (let times = 1; times <= 3; times += 1) {
      await fails(run, a);
      if (times === 3) broken.clear();
      await client.rewind(a);
    }
    expect(await output(a)).toEqual([1, 3, 4]);
    expect(await run.state(shopOf(a))).toEqual(['a', 'signalled', `${a} b`, 'c']);
    const events = await history(a);
    const places = events.flatMap(({ eventType }, place) => (eventType === 'EntityOperationFailed' ? [place] : []));
    expect(events.flatMap(({ dropped }) => dropped ?? [])).toEqual(places);
    expect(places).toHaveLength(3);
  });

  scenario('[K8] after `all` with two failures both run again', async (run) => {
    const { client, id, start, until, output } = run;
    const keys = ['x', 'y', 'z'].map((label) => id(label));
    broken.add(keys[0]!).add(keys[2]!);
    await start('buysTogether', keys, { instanceId: id('a') });
    await fails(run, id('a'));
    await run.eventually(async () => (await run.entityRows(shopOf(keys[2]!))).messages === 0);
    broken.clear();
    await client.rewind(id('a'));
    expect(await output(id('a'))).toEqual([1, 1, 1]);
    await until(id('a'), recorded('ExecutionRewound'));
    for (const key of keys) expect(await run.state(shopOf(key))).toEqual([key]);
  });

  scenario('[K8] one whose failure was handled runs again too: what only the old path did is left behind', async (run) => {
    const { client, id, start, output } = run;
    const a = id('a');
    broken.add(`${a} first`).add(`${a} last`);
    await start('buysAnyway', a, { instanceId: a });
    await fails(run, a);
    broken.clear();
    await client.rewind(a);
    expect(await output(a)).toEqual(['first', `${a} last`]);
    expect(await run.state(shopOf(a))).toEqual(['instead', `${a} first`]);
  });

  scenario('[K8] one that was under way is dispatched again, and answered', async (run) => {
    const { client, gates, id, start, output, stateBecomes } = run;
    const a = id('a');
    broken.add(`${a} work`);
    await start('failsMeanwhile', a, { instanceId: a });
    await gates.reached(a);
    await fails(run, a);
    gates.open(a);
    await stateBecomes(shopOf(a), [a]);
    await run.eventually(async () => (await run.waitingWork(a)).messages === 0);
    broken.clear();
    await client.rewind(a);
    expect(await output(a)).toBe(2);
    expect(await run.state(shopOf(a))).toEqual([a, a]);
  });

  scenario('[K8] survives a restart of the process', async (run) => {
    const { id, start, stop, startAgain } = run;
    const a = id('a');
    broken.add(`${a} b`);
    await start('buys', a, { instanceId: a });
    await fails(run, a);
    await stop();
    await startAgain();
    broken.clear();
    await run.client.rewind(a);
    expect(await run.output(a)).toEqual([1, 3, 4]);
  });
});

describe('rewind of critical sections', () => {
  scenario('[K8] [L1] locks that the failure released are taken again; calls that succeeded are not repeated', async (run) => {
    const { client, id, start, output, stateBecomes } = run;
    const keys = [id('x'), id('y')];
    broken.add(`${keys[1]} b`);
    await start('buysAlone', keys, { instanceId: id('a') });
    await fails(run, id('a'));
    // They are free meanwhile.
    for (const key of keys) await callEntity(run, shopOf(key), 'buy', 'between');
    broken.clear();
    await client.rewind(id('a'));
    expect(await output(id('a'))).toEqual([1, 2, 2, 2, 3]);
    await stateBecomes(shopOf(keys[0]!), ['a', 'between', `${keys[0]} c`]);
    await stateBecomes(shopOf(keys[1]!), ['between', `${keys[1]} b`]);
    for (const key of keys) expect(await callEntity(run, shopOf(key), 'buy', 'afterwards')).toEqual(expect.any(Number));
  });

  scenario('[K8] [L1] a failure in a later section: the earlier one is over, its calls stay', async (run) => {
    const { client, id, start, output, state } = run;
    const keys = [id('x'), id('y')];
    broken.add(`${keys[0]} c`);
    await start('buysAlone', keys, { instanceId: id('a') });
    for (const times of [1, 2]) {
      await fails(run, id('a'));
      if (times === 2) broken.clear();
      await client.rewind(id('a'));
    }
    expect(await output(id('a'))).toEqual([1, 2, 1, 2, 2]);
    expect([await state(shopOf(keys[0]!)), await state(shopOf(keys[1]!))]).toEqual([['a', `${keys[0]} c`], [`${keys[1]} b`]]);
    for (const key of keys) expect(await callEntity(run, shopOf(key), 'buy', 'afterwards')).toEqual(expect.any(Number));
  });

  scenario('[K8] [L1] a section that is rewound keeps others out again, and waits for who has the lock now', async (run) => {
    const { client, gates, id, start, until, output, stateBecomes } = run;
    const [a, b, key] = [id('a'), id('b'), id('shop')];
    broken.add(`${key} work`);
    await start('worksAlone', key, { instanceId: a });
    await fails(run, a);
    await start('holdsShop', key, { instanceId: b });
    await until(b, ({ customStatus }) => customStatus === 'inside');
    broken.clear();
    await client.rewind(a);
    await until(a, recorded('ExecutionRewound'));
    await client.raiseEvent(b, 'go');
    await output(b);
    await gates.reached(`${key} work`);
    await client.signalEntity(shopOf(key), 'buy', 'signal');
    gates.open(`${key} work`);
    expect(await output(a)).toBe(2);
    await stateBecomes(shopOf(key), ['held', 'at last', 'signal']);
  });
});
