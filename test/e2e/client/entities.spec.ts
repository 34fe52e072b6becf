/** What clients do with entities [N8]. */
import { Injectable } from '@nestjs/common';
import { DurableClient, Entity, EntityId, Orchestrator, TaskEntity, type EntityContext, type Orchestration, type OrchestrationContext } from 'nestjs-durable';
import { DataSource } from 'typeorm';
import { createDatabase, DATABASES, type TestStorage } from '../../support/databases.js';
import { eventually, useApps } from '../engine/start-app.js';
import { callEntities, callEntity, EntityCallers } from '../support/entity-callers.js';
import { Gates, useScenarios, type ScenarioRun } from '../support/harness.js';

const minute = 60_000;

/** How often code of entities ran, and objects of them were made. */
@Injectable()
class Uses {
  count = 0;
}

@Entity()
class Counter extends TaskEntity<number> {
  constructor(private readonly gates: Gates, private readonly uses: Uses) {
    super();
    uses.count += 1;
  }

  override initializeState(): number {
    return 0;
  }

  add(amount: number): number {
    this.uses.count += 1;
    this.state += amount;
    return this.state;
  }

  async addAtGate({ amount, gate }: { amount: number; gate: string }): Promise<number> {
    this.state += amount;
    await this.gates.pass(gate);
    return this.state;
  }

  reset(): void {
    this.state = 0;
  }

  _secret(): void {}
}

@Injectable()
class Handlers {
  constructor(private readonly client: DurableClient) {}

  /** Keeps what it is given. */
  @Entity()
  box(ctx: EntityContext<unknown>): void {
    if (ctx.operationName === 'put') ctx.setState(ctx.getInput());
    else if (ctx.operationName === 'remove') ctx.destructOnExit();
  }

  @Orchestrator()
  *holds(ctx: OrchestrationContext, key: string): Orchestration<void> {
    yield* ctx.lock(ctx.entity(Counter, key));
    ctx.setCustomStatus('locked');
    yield* ctx.waitForExternalEvent('go');
  }

  /** What calls of the client throw inside an episode. */
  @Orchestrator()
  usesClient(_ctx: OrchestrationContext, key: string): string[] {
    const id = new EntityId('box', key);
    const calls = [
      () => this.client.signalEntity(id, 'put', 1),
      () => this.client.readEntityState(id),
      () => this.client.listEntities(),
      () => this.client.listEntitiesAll(),
      () => this.client.cleanEntityStorage(),
      () => this.client.entity(Counter, key).signal.add(1),
    ];
    return calls.map((call) => {
      try {
        void call();
        return 'it was accepted';
      } catch (error) {
        return (error as Error).message;
      }
    });
  }
}

const scenario = useScenarios({ providers: [Uses, Counter, Handlers, EntityCallers] });

async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const each of list) found.push(each);
  return found;
}

const box = (key: string): EntityId => new EntityId('box', key);

/** Makes boxes with these keys; their states are their keys. */
async function fill(run: ScenarioRun, keys: readonly string[]): Promise<void> {
  await Promise.all(keys.map((key) => run.client.signalEntity(box(key), 'put', key)));
  for (const key of keys) await run.stateBecomes(box(key), key);
}

describe('signalEntity', () => {
  scenario('[N8] carries operations to both forms of entities, with input and without; by class it is typed', async ({ client, id, stateBecomes }) => {
    const counter = new EntityId('Counter', id('a'));
    const { add, reset } = client.entity(Counter, id('a')).signal;
    expect(await client.signalEntity(counter, 'ADD', 5)).toBeUndefined();
    expect(await add(2)).toBeUndefined();
    await stateBecomes(counter, 7);
    await reset();
    await stateBecomes(counter, 0);
    await client.signalEntity(box(id('a')), 'put', { a: [null] });
    await stateBecomes(box(id('a')), { a: [null] });
    await client.entity(Counter, id('a')).signal.delete();
    await stateBecomes(counter, undefined);
  });

  scenario('[N8] is durable when it resolves', async (run) => {
    const { client, id, stop, startAgain, stateBecomes } = run;
    const boxes = Array.from({ length: 20 }, (_, index) => box(id(`box ${index}`)));
    await Promise.all(boxes.map((each, index) => client.signalEntity(each, 'put', index)));
    await stop();
    await startAgain();
    for (const [index, each] of boxes.entries()) await stateBecomes(each, index);
  });

  scenario('[N8] [N7] with scheduledTime, by class and by name, is not carried out before', async (run) => {
    const { client, clock, id, stateBecomes } = run;
    const counter = new EntityId('counter', id('a'));
    const scheduledTime = new Date(Date.now() + clock.skew + minute);
    await client.entity(Counter, id('a')).signal.add(1, { scheduledTime });
    await client.signalEntity(counter, 'add', 2, { scheduledTime });
    expect(await callEntity(run, counter, 'add', 10)).toBe(10);
    clock.advance(minute);
    await stateBecomes(counter, 13);
  });

  scenario('[N8] refuses bad arguments', async ({ client, id }) => {
    const a = box(id('a'));
    for (const bad of [`@box@${id('a')}`, undefined, { name: 'box', key: 'a' }]) {
      await expect(client.signalEntity(bad as never, 'put')).rejects.toThrow(TypeError);
      await expect(client.readEntityState(bad as never)).rejects.toThrow(TypeError);
    }
    for (const bad of ['', undefined, 5]) await expect(client.signalEntity(a, bad as never)).rejects.toThrow(TypeError);
    await expect(client.signalEntity(a, 'put', 1n)).rejects.toMatchObject({ name: 'SerializationError' });
    for (const bad of [new Date(NaN), 'tomorrow']) {
      await expect(client.signalEntity(a, 'put', 1, { scheduledTime: bad as Date })).rejects.toThrow(/scheduledTime/);
    }
    expect(() => client.entity(Counter, 'a/b')).toThrow(expect.objectContaining({ name: 'InvalidInstanceIdError' }));
    expect(() => client.entity(Handlers as never, 'a')).toThrow(/Handlers/);
    expect(() => (client.entity(Counter, 'a').signal as unknown as { _secret(): void })._secret()).toThrow(/_secret/);
    expect(await client.readEntityState(a)).toEqual({ entityExists: false });
  });

  scenario('[O1] [N8] calls of a client throw inside an episode', async ({ id, run, state }) => {
    const refused = (await run('usesClient', id('a'))).output as string[];
    const names = ['signalEntity', 'readEntityState', 'listEntities', 'listEntitiesAll', 'cleanEntityStorage', 'signalEntity'];
    expect(refused).toHaveLength(names.length);
    for (const [index, name] of names.entries()) expect(refused[index]).toMatch(new RegExp(`${name}.*usesClient`, 's'));
    expect(await state(box(id('a')))).toBeUndefined();
  });
});

describe('readEntityState', () => {
  scenario('[N8] tells whether the entity exists, and its state, falsy ones included', async (run) => {
    const { client, id, stateBecomes } = run;
    const a = box(id('a'));
    expect(await client.readEntityState(a)).toEqual({ entityExists: false });
    for (const value of [null, 0, '', false, [], { at: new Date(0).toJSON() }]) {
      await client.signalEntity(a, 'put', value);
      await stateBecomes(a, value);
      expect(await client.readEntityState(new EntityId('BOX', id('a')))).toEqual({ entityExists: true, entityState: value });
    }
    await client.signalEntity(a, 'remove');
    await stateBecomes(a, undefined);
    expect(await client.readEntityState(a)).toEqual({ entityExists: false });
  });

  scenario('[N8] shows what was committed last: not what an operation is about to change', async (run) => {
    const { client, gates, id, state, stateBecomes } = run;
    const counter = new EntityId('counter', id('a'));
    await client.signalEntity(counter, 'add', 1);
    await stateBecomes(counter, 1);
    await client.signalEntity(counter, 'addAtGate', { amount: 10, gate: id('gate') });
    await gates.reached(id('gate'));
    expect(await state(counter)).toBe(1);
    gates.open(id('gate'));
    await stateBecomes(counter, 11);
  });

  scenario('[N8] runs no code', async (run) => {
    const { id, get, stop, startAgain } = run;
    const counter = new EntityId('counter', id('a'));
    await callEntities(run, [counter, 'add', 1]);
    await stop();
    await startAgain();
    // Nest has made an object of the provider, which is no entity.
    const { count } = get(Uses);
    expect(await run.state(counter)).toBe(1);
    expect(await run.state(new EntityId('counter', id('b')))).toBeUndefined();
    expect(get(Uses).count).toBe(count);
    expect(await callEntity(run, counter, 'add', 1)).toBe(2);
    expect(get(Uses).count).toBe(count + 2);
  });
});

describe('listEntities', () => {
  scenario('[N8] lists the entities that exist, in the order of their ids: of all names or of one, with states when asked for', async (run) => {
    const { client, clock, id } = run;
    const keys = ['a', 'A', 'b@c', 'ä'].map((label) => id(label));
    const before = Date.now() + clock.skew;
    await fill(run, keys);
    await callEntities(run, [new EntityId('counter', id('a')), 'add', 1]);
    const own = ({ key }: EntityId): boolean => key.startsWith(id(''));
    const listed = (await all(client.listEntitiesAll())).filter(({ entityId }) => own(entityId));
    for (const { entityId, lastOperationTime, ...rest } of listed) {
      expect(entityId).toBeInstanceOf(EntityId);
      // The clocks of the database and of this process may differ a little.
      expect(Math.abs(lastOperationTime.getTime() - before)).toBeLessThan(30_000);
      expect(rest).toEqual({});
    }
    const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(listed.map(({ entityId }) => String(entityId))).toEqual([...sorted.map((key) => `@box@${key}`), `@counter@${id('a')}`]);
    const boxes = await all(client.listEntitiesAll({ entityName: 'BOX', fetchState: true }));
    expect(boxes.filter(({ entityId }) => own(entityId)).map(({ state }) => state)).toEqual(sorted);
    expect((await client.listEntities({ entityName: 'bo' })).entities).toEqual([]);
  });

  scenario('[N8] pages are stable while entities come and go', async (run) => {
    const { client, id } = run;
    const keys = Array.from({ length: 30 }, (_, index) => id(`key ${String(index).padStart(2, '0')}`));
    await fill(run, keys);
    const seen: string[] = [];
    let page = await client.listEntities({ entityName: 'box', pageSize: 7 });
    const note = (): void => void seen.push(...page.entities.map(({ entityId }) => entityId.key).filter((key) => key.startsWith(id(''))));
    note();
    // Away go one that was seen and one that was not; new ones come before and behind the place where the list is.
    const gone = [keys[0]!, keys[29]!];
    for (const key of gone) await client.signalEntity(box(key), 'remove');
    for (const key of gone) await run.stateBecomes(box(key), undefined);
    await fill(run, [id('key 00a'), id('key 28a')]);
    while (page.continuationToken !== undefined) {
      page = await client.listEntities({ entityName: 'box', pageSize: 7, continuationToken: page.continuationToken });
      expect(page.entities.length).toBeLessThanOrEqual(7);
      note();
    }
    const expected = new Set([...keys.slice(0, 29), id('key 28a')]);
    const unsure = new Set([keys[0]!, id('key 00a')]);
    expect(seen.filter((key) => !unsure.has(key))).toEqual([...expected].filter((key) => !unsure.has(key)).toSorted());
    expect(new Set(seen).size).toBe(seen.length);
  });

  scenario('[N8] can be limited to the time of the last operation', async (run) => {
    const { client, clock, id } = run;
    await fill(run, [id('old')]);
    clock.advance(10 * minute);
    const between = new Date(Date.now() + clock.skew - 5 * minute);
    await fill(run, [id('new')]);
    const found = async (filter: object): Promise<string[]> =>
      (await all(client.listEntitiesAll(filter))).map(({ entityId }) => entityId.key).filter((key) => key.startsWith(id('')));
    expect(await found({ lastOperationTimeFrom: between })).toEqual([id('new')]);
    expect(await found({ lastOperationTimeTo: between })).toEqual([id('old')]);
    expect(await found({ lastOperationTimeFrom: new Date(0), lastOperationTimeTo: between })).toEqual([id('old')]);
  });

  scenario('[N8] refuses bad filters', async ({ client }) => {
    const bad = [{ pageSize: 0 }, { pageSize: 1.5 }, { entityName: '' }, { entityName: 'a@b' }, { lastOperationTimeFrom: new Date(NaN) }, { continuationToken: 'nonsense' }];
    for (const filter of bad) await expect(client.listEntities(filter)).rejects.toThrow(TypeError);
  });

  scenario('[K3] entities are not among the instances', async (run) => {
    const { client, id } = run;
    await fill(run, [id('a')]);
    const listed = await all(client.getStatusAll());
    expect(listed.filter(({ instanceId }) => instanceId.startsWith('@'))).toEqual([]);
    await expect(Promise.resolve().then(() => client.getStatus(`@box@${id('a')}`))).rejects.toMatchObject({ name: 'InvalidInstanceIdError' });
  });
});

describe('cleanEntityStorage', () => {
  scenario('[N8] leaves alone what is in order: entities with a state, and locks that are held', async (run) => {
    const { client, id, start, until, state } = run;
    await fill(run, [id('a')]);
    await start('holds', id('locked'), { instanceId: id('holder') });
    await until(id('holder'), ({ customStatus }) => customStatus === 'locked');
    expect(await client.cleanEntityStorage()).toEqual({ emptyEntitiesRemoved: 0, orphanedLocksReleased: 0 });
    const counter = new EntityId('counter', id('locked'));
    await client.signalEntity(counter, 'add', 1);
    await callEntity(run, new EntityId('counter', id('other')), 'add', 1);
    expect(await state(counter)).toBeUndefined();
    await client.raiseEvent(id('holder'), 'go');
    await run.stateBecomes(counter, 1);
    expect(await state(box(id('a')))).toBe(id('a'));
  });
});

describe.each(DATABASES)('cleanEntityStorage on %s', (kind) => {
  const startApp = useApps();
  const providers = [Uses, Counter, Handlers, EntityCallers];

  /** Beside the module: what no entity does. */
  async function damage(storage: TestStorage, statement: string): Promise<void> {
    const source = await new DataSource(storage).initialize();
    await source.query(statement);
    await source.destroy();
  }

  it('[N8] releases locks whose holders are gone, so that what waits for the entity goes on', async () => {
    const { storage } = await createDatabase(kind);
    const first = await startApp({ storage }, { providers });
    await first.client.startNew('holds', { instanceId: 'holder', input: 'a' });
    await eventually(async () => (await first.client.getStatus('holder'))!.customStatus === 'locked');
    await first.close();
    await damage(storage, "DELETE FROM durable_instances WHERE instance_id = 'holder'");
    const { client } = await startApp({ storage }, { providers });
    expect(await client.cleanEntityStorage()).toEqual({ emptyEntitiesRemoved: 0, orphanedLocksReleased: 1 });
    const counter = new EntityId('counter', 'a');
    await client.signalEntity(counter, 'add', 1);
    await eventually(async () => (await client.readEntityState(counter)).entityState === 1);
    expect(await client.cleanEntityStorage()).toEqual({ emptyEntitiesRemoved: 0, orphanedLocksReleased: 0 });
  });

  it('[N8] [N6] removes what is left of entities that have neither state nor lock', async () => {
    const { storage } = await createDatabase(kind);
    const first = await startApp({ storage }, { providers });
    await first.client.signalEntity(box('a'), 'put', 1);
    await eventually(async () => (await first.client.readEntityState(box('a'))).entityExists);
    await first.close();
    await damage(storage, 'UPDATE durable_entities SET state = NULL');
    const { client } = await startApp({ storage }, { providers });
    expect(await client.cleanEntityStorage()).toEqual({ emptyEntitiesRemoved: 1, orphanedLocksReleased: 0 });
    const source = await new DataSource(storage).initialize();
    await eventually(async () => (await source.query<unknown[]>('SELECT 1 FROM durable_entities')).length === 0);
    await source.destroy();
  });
});
