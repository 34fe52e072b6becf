/** Which of several processes owns which partitions, and how they change hands [Y6]. Each application here stands for a process. */
import { Injectable } from '@nestjs/common';
import { Activity, Entity, EntityId, Orchestrator, type EntityContext, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { createDatabase, type TestDatabase } from '../../support/databases.js';
import { Gates } from '../support/gates.js';
import { LOG_LINES } from '../support/log-lines.js';
import { ShareReader } from '../support/shares.js';
import { eventually, useApps, type RunningApp } from './start-app.js';

@Injectable()
class Work {
  @Activity()
  where(): string {
    return 'in a process with orchestrators';
  }
}

@Injectable()
class FirstVersion {
  @Orchestrator({ name: 'order', version: '1' })
  *orderV1(ctx: OrchestrationContext): Orchestration<string> {
    yield* ctx.waitForExternalEvent('pay');
    yield* ctx.waitForExternalEvent('ship');
    return `version 1 of ${ctx.version}`;
  }
}

@Injectable()
class SecondVersion {
  @Orchestrator({ name: 'order', version: '2' })
  *orderV2(ctx: OrchestrationContext): Orchestration<string> {
    yield* ctx.waitForExternalEvent('pay');
    yield* ctx.waitForExternalEvent('ship');
    return `version 2 of ${ctx.version}`;
  }

  @Orchestrator()
  *callsFirst(ctx: OrchestrationContext): Orchestration<unknown> {
    const child = ctx.callSubOrchestrator('order', undefined, { version: '1', instanceId: `child of ${ctx.instanceId}` });
    ctx.sendEvent(`child of ${ctx.instanceId}`, 'pay');
    ctx.sendEvent(`child of ${ctx.instanceId}`, 'ship');
    return yield* child;
  }
}

@Injectable()
class Held {
  constructor(private readonly gates: Gates) {}

  @Activity()
  async held(): Promise<string> {
    await this.gates.pass('held');
    return 'held once';
  }

  @Orchestrator()
  *holds(ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.callActivity('held');
  }
}

@Injectable()
class OnlyActivities {
  @Activity({ name: 'print' })
  print(text: string): string {
    return `printed ${text}`;
  }
}

@Injectable()
class Prints {
  @Orchestrator()
  *prints(ctx: OrchestrationContext, text: string): Orchestration<unknown> {
    return yield* ctx.callActivity('print', text);
  }
}

@Injectable()
class Apples {
  @Entity()
  apples(ctx: EntityContext<number>): void {
    ctx.setState(ctx.getState(() => 0) + ctx.getInput<number>());
    ctx.return('apples');
  }

  @Orchestrator()
  *takesApples(ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.callEntity(new EntityId('apples', ctx.instanceId), 'take', -1);
  }
}

@Injectable()
class Pears {
  @Entity()
  pears(ctx: EntityContext<number>): void {
    ctx.setState(ctx.getState(() => 0) + ctx.getInput<number>());
    ctx.return('pears');
  }

  @Orchestrator()
  *takesPears(ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.callEntity(new EntityId('pears', ctx.instanceId), 'take', -1);
  }

  @Orchestrator()
  *takesBoth(ctx: OrchestrationContext): Orchestration<string> {
    const calls = ['apples', 'pears'].map((name) => ctx.callEntity(new EntityId(name, ctx.instanceId), 'take', -1));
    return (yield* ctx.all(calls)).join(' and ');
  }
}

@Injectable()
class OnlyEntity {
  @Entity()
  plums(ctx: EntityContext<number>): void {
    ctx.setState(ctx.getInput<number>());
  }
}

/** So long that nothing here comes about by a heartbeat or by the end of a lease, ms. */
const LEASE = 120_000;
const ids = (count: number, prefix = 'order') => Array.from({ length: count }, (_, index) => `${prefix} ${index}`);

describe('workers of one hub on mysql', () => {
  const startApp = useApps();
  let database: TestDatabase;
  let reader: ShareReader;

  beforeEach(async () => {
    LOG_LINES.clear();
    database = await createDatabase('mysql');
    reader = new ShareReader(database.storage);
  });
  afterEach(() => reader.close());

  const start = (...providers: (new () => unknown)[]) => startApp({ storage: database.storage, leaseDuration: LEASE }, { providers });
  const sharesAre = (shares: Record<number, number>) =>
    eventually(async () => JSON.stringify(await reader.shares()) === JSON.stringify(shares));
  const startOrders = ({ client }: RunningApp, version: string, names: readonly string[]) =>
    Promise.all(names.map((instanceId) => client.startNew('order', { instanceId, version })));
  const raise = ({ client }: RunningApp, event: string, names: readonly string[]) => Promise.all(names.map((id) => client.raiseEvent(id, event)));
  const outputs = async ({ client }: RunningApp, names: readonly string[]) =>
    new Set(await Promise.all(names.map(async (id) => (await client.waitForCompletion(id)).output)));

  it('a worker that starts gets its share at once, and one that stops hands its own over at once', async () => {
    const first = await start(FirstVersion);
    await sharesAre({ 1: 16 });
    const second = await start(FirstVersion);
    await sharesAre({ 1: 8, 2: 8 });
    await startOrders(first, '1', ids(32));
    const third = await start(FirstVersion);
    await sharesAre({ 1: 6, 2: 5, 3: 5 });
    await first.close();
    const begun = performance.now();
    await raise(second, 'pay', ids(32));
    await raise(third, 'ship', ids(32));
    expect(await outputs(second, ids(32))).toEqual(new Set(['version 1 of 1']));
    // About a poll; generous for a busy machine, and far below a heartbeat.
    expect(performance.now() - begun).toBeLessThan(5_000);
    await sharesAre({ 2: 8, 3: 8 });
  });

  it('a worker that stops leaves its partitions to the others at once, while its activities still run; their results count', async () => {
    const gates = new Gates();
    const stopping = await startApp({ storage: database.storage, leaseDuration: LEASE, shutdownTimeout: 60_000 }, { providers: [FirstVersion, Held], gates });
    await startOrders(stopping, '1', ids(16));
    const busy = await stopping.client.startNew('holds');
    await gates.reached('held');
    const other = await startApp({ storage: database.storage, leaseDuration: LEASE }, { providers: [FirstVersion, Held] });
    await sharesAre({ 1: 8, 2: 8 });
    const closed = stopping.close();
    await sharesAre({ 2: 16 });
    await raise(other, 'pay', ids(16));
    await raise(other, 'ship', ids(16));
    expect(await outputs(other, ids(16))).toEqual(new Set(['version 1 of 1']));
    expect(await other.client.getStatus(busy)).toMatchObject({ runtimeStatus: 'Running' });
    gates.open('held');
    // Where it was run again, in the other process, nobody would open the gate.
    expect(await other.client.waitForCompletion(busy)).toMatchObject({ output: 'held once' });
    await closed;
  });

  it('[Y6] a worker that has all orchestrators of another one and more takes its partitions, and gives them back when it stops', async () => {
    const old = await start(FirstVersion);
    await startOrders(old, '1', ids(20));
    const both = await start(FirstVersion, SecondVersion);
    await sharesAre({ 2: 16 });
    await startOrders(old, '2', ids(20, 'new'));
    await raise(old, 'pay', [...ids(20), ...ids(20, 'new')]);
    await raise(both, 'ship', ids(20, 'new'));
    expect(await outputs(old, ids(20, 'new'))).toEqual(new Set(['version 2 of 2']));
    await both.close();
    await sharesAre({ 1: 16 });
    await raise(old, 'ship', ids(20));
    expect(await outputs(old, ids(20))).toEqual(new Set(['version 1 of 1']));
    expect(LOG_LINES.about('none of its workers has all orchestrators')).toEqual([]);
  });

  it('[Y6] work for a worker that has just started goes to it without an alarm', async () => {
    await start(FirstVersion);
    await sharesAre({ 1: 16 });
    const both = await start(FirstVersion, SecondVersion);
    // Before the older worker has noticed anything.
    await startOrders(both, '2', ids(20));
    await raise(both, 'pay', ids(20));
    await raise(both, 'ship', ids(20));
    expect(await outputs(both, ids(20))).toEqual(new Set(['version 2 of 2']));
    expect(LOG_LINES.about("has the orchestrator 'order' version '2'")).toEqual([]);
  });

  it('[Y6] a process with activities only owns no partition and runs its activities', async () => {
    await start(OnlyActivities, Work);
    await sharesAre({ 1: 16 });
    const owner = await start(Prints);
    await sharesAre({ 2: 16 });
    expect((await owner.client.waitForCompletion(await owner.client.startNew('prints', { input: 'a page' }))).output).toBe('printed a page');
  });

  it('[Y6] instances run where their handler is, also while no worker has all of them, and it is said once what each lacks', async () => {
    const first = await start(FirstVersion);
    const second = await start(SecondVersion);
    await sharesAre({ 1: 8, 2: 8 });
    // Whoever starts them, and in whichever partition they are.
    await startOrders(second, '1', ids(16, 'first'));
    await startOrders(first, '2', ids(16, 'second'));
    for (const event of ['pay', 'ship']) {
      await raise(first, event, ids(16, 'first'));
      await raise(second, event, ids(16, 'second'));
    }
    expect(await outputs(second, ids(16, 'first'))).toEqual(new Set(['version 1 of 1']));
    expect(await outputs(first, ids(16, 'second'))).toEqual(new Set(['version 2 of 2']));
    const lines = LOG_LINES.about('none of its workers has all orchestrators').map(({ text }) => /: (?:this|worker).*?\./.exec(text)?.[0]);
    expect(lines).toHaveLength(2);
    expect(new Set(lines)).toEqual(new Set([
      ": this one lacks orchestrator 'callsFirst', orchestrator 'order' version '2'; worker 2 lacks orchestrator 'order' version '1'.",
      ": worker 1 lacks orchestrator 'callsFirst', orchestrator 'order' version '2'; this one lacks orchestrator 'order' version '1'.",
    ]));
  });

  it('[Y6] a sub-orchestration runs in the process that has it', async () => {
    const first = await start(FirstVersion);
    await start(SecondVersion);
    const parents = await Promise.all(ids(12, 'parent').map((instanceId) => first.client.startNew('callsFirst', { instanceId })));
    expect(await outputs(first, parents)).toEqual(new Set(['version 1 of 1']));
  });

  it('[Y6] instances that no live worker can run go on at once when one comes that has their orchestrator', async () => {
    const first = await start(FirstVersion);
    const second = await start(SecondVersion);
    await startOrders(second, '2', ids(8));
    await second.close();
    await sharesAre({ 1: 16 });
    await raise(first, 'pay', ids(8));
    await raise(first, 'ship', ids(8));
    await eventually(() => LOG_LINES.about("has the orchestrator 'order' version '2'").length > 0);
    await start(SecondVersion);
    expect(await outputs(first, ids(8))).toEqual(new Set(['version 2 of 2']));
  });

  it('[Y5] [Y6] a rolling deployment: each instance ends on the version that it started with', async () => {
    const olds = [await start(FirstVersion), await start(FirstVersion)];
    await startOrders(olds[0]!, '1', ids(24, 'early'));
    const both = await start(FirstVersion, SecondVersion);
    await startOrders(olds[1]!, '2', ids(24, 'late'));
    await raise(olds[1]!, 'pay', ids(24, 'early'));
    await olds[0]!.close();
    const next = await start(FirstVersion, SecondVersion);
    await raise(both, 'pay', ids(24, 'late'));
    await olds[1]!.close();
    await sharesAre({ 3: 8, 4: 8 });
    await raise(next, 'ship', [...ids(24, 'early'), ...ids(24, 'late')]);
    expect(await outputs(both, ids(24, 'early'))).toEqual(new Set(['version 1 of 1']));
    expect(await outputs(next, ids(24, 'late'))).toEqual(new Set(['version 2 of 2']));
  });

  const signal = ({ client }: RunningApp, name: string, keys: readonly string[]) =>
    Promise.all(keys.map((key) => client.signalEntity(new EntityId(name, key), 'put', 3)));
  const states = async ({ client }: RunningApp, name: string) => {
    const { entities } = await client.listEntities({ entityName: name, fetchState: true });
    return entities.map(({ state }) => state);
  };
  const haveState = (app: RunningApp, name: string, count: number, state: unknown) =>
    eventually(async () => JSON.stringify(await states(app, name)) === JSON.stringify(Array(count).fill(state)));

  it('[Y6] entities run where their code is, also while no worker has all of them, and it is said once what each lacks', async () => {
    const first = await start(Apples);
    const second = await start(Pears);
    await sharesAre({ 1: 8, 2: 8 });
    // Whoever sends to them, and in whichever partition they are.
    for (const app of [first, second]) for (const name of ['apples', 'pears']) await signal(app, name, ids(16, 'basket'));
    for (const name of ['apples', 'pears']) await haveState(first, name, 16, 6);
    const parents = await Promise.all(ids(4, 'basket').map((instanceId) => second.client.startNew('takesBoth', { instanceId })));
    expect(await outputs(first, parents)).toEqual(new Set(['apples and pears']));
    const lines = LOG_LINES.about('none of its workers has all orchestrators').map(({ text }) => /: (?:this|worker).*?\./.exec(text)?.[0]);
    const [apples, pears] = ["entity 'apples', orchestrator 'takesApples'", "entity 'pears', orchestrator 'takesBoth', orchestrator 'takesPears'"];
    expect(new Set(lines)).toEqual(new Set([
      `: this one lacks ${pears}; worker 2 lacks ${apples}.`,
      `: worker 1 lacks ${pears}; this one lacks ${apples}.`,
    ]));
    expect(lines).toHaveLength(2);
    expect(first.client.getHealth().parked).toEqual([]);
  });

  it('[Y6] entities that no live worker has go on at once when one comes that has them', async () => {
    const first = await start(Apples);
    await signal(first, 'pears', ids(16, 'basket'));
    await eventually(() => first.client.getHealth().parked[0]?.instances === 16);
    expect(first.client.getHealth().parked).toEqual([{ kind: 'entity', name: 'pears', instances: 16 }]);
    await eventually(() => LOG_LINES.about("has the entity 'pears'").length > 0);
    await signal(first, 'apples', ids(16, 'basket'));
    await haveState(first, 'apples', 16, 3);
    expect(await states(first, 'pears')).toEqual([]);
    const second = await start(Pears);
    await haveState(second, 'pears', 16, 3);
    const parents = await Promise.all(ids(16, 'basket').map((instanceId) => second.client.startNew('takesPears', { instanceId })));
    expect(await outputs(second, parents)).toEqual(new Set(['pears']));
    await haveState(first, 'pears', 16, 2);
  });

  it('[Y6] a worker that lacks an entity of another one, and has nothing that the other lacks, owns no partition', async () => {
    await start(FirstVersion);
    await sharesAre({ 1: 16 });
    const both = await start(FirstVersion, OnlyEntity);
    await sharesAre({ 2: 16 });
    await signal(both, 'plums', ids(4, 'basket'));
    await haveState(both, 'plums', 4, 3);
  });
});
