import type { EntityManager } from 'typeorm';
import { DurableClient, type EntityFilter } from '../../../lib/client/index.js';
import { EntityId, TaskEntity, type Caller } from '../../../lib/core/index.js';
import { entityRow, FakeHost, instanceRow } from './fake-host.js';

class Counter extends TaskEntity<number> {
  override initializeState(): number {
    return 0;
  }

  add(amount: number): number {
    return (this.state += amount);
  }

  reset(): void {
    this.state = 0;
  }

  undecorated(): void {}
}

const A = new EntityId('Counter', 'a');

let host: FakeHost;
let client: DurableClient;

beforeEach(() => {
  host = new FakeHost();
  client = new DurableClient(host);
});

describe('signalEntity', () => {
  it('[N8] sends the operation with its input, whether the entity exists or not', async () => {
    await client.signalEntity(A, 'Add', { amount: 1 });
    await client.signalEntity(A, 'reset');
    expect(host.signals).toEqual([
      { entityId: '@counter@a', body: { type: 'EntityOperation', operation: 'Add', input: '{"amount":1}' } },
      { entityId: '@counter@a', body: { type: 'EntityOperation', operation: 'reset' } },
    ]);
  });

  it.each([0, '', false, null])('[N6] keeps the falsy input %j', async (input) => {
    await client.signalEntity(A, 'set', input);
    expect(host.signals[0]?.body).toMatchObject({ input: JSON.stringify(input) });
  });

  it('[N7] tells when it is due', async () => {
    await client.signalEntity(A, 'add', 1, { scheduledTime: new Date(5_000) });
    expect(host.signals[0]?.body).toMatchObject({ dueAt: 5_000 });
  });

  it('[N8] with { entityManager } is written through it', async () => {
    const entityManager = {} as EntityManager;
    await client.signalEntity(A, 'add', 1, { entityManager, scheduledTime: new Date(5_000) });
    const body = { type: 'EntityOperation', operation: 'add', input: '1', dueAt: 5_000 };
    expect(host.joined).toEqual([{ instanceId: '@counter@a', body, entityManager }]);
    expect(host.signals).toEqual([]);
  });

  it.each([
    ['@counter@a', 'add', undefined, {}, "the entity must be an EntityId, but got @counter@a. Write new EntityId(name, key), or EntityId.parse('@name@key')."],
    [A, '', undefined, {}, "signalEntity('@counter@a'): the operation must be a non-empty string"],
    [A, undefined, undefined, {}, 'the operation must be a non-empty string, but got undefined'],
    [A, 'add', undefined, { scheduledTime: new Date(NaN) }, "signalEntity('@counter@a'): scheduledTime must be a valid Date"],
    [A, 'add', undefined, { scheduledTime: 5_000 }, 'scheduledTime must be a valid Date, but got 5000'],
    [A, 'add', 1n, {}, "The input of operation 'add' of '@counter@a' cannot be written as JSON"],
    [A, 'add', 'x'.repeat(1_023), {}, "The input of operation 'add' of '@counter@a'"],
  ])('[N8] refuses %s, %j, %p, %j', async (id, operation, input, options, message) => {
    for (const manager of [{}, { entityManager: {} }]) {
      await expect(client.signalEntity(id as EntityId, operation as string, input, { ...options, ...manager } as never)).rejects.toThrow(message);
    }
    expect([host.signals, host.joined]).toEqual([[], []]);
  });
});

describe('entity', () => {
  it('[N8] signals by method, with options, and can be destructured', async () => {
    const { add, reset } = client.entity(Counter, 'a').signal;
    await add(2, { scheduledTime: new Date(5_000) });
    await reset();
    await client.entity(Counter, 'b').signal.delete();
    expect(host.signals).toEqual([
      { entityId: '@counter@a', body: { type: 'EntityOperation', operation: 'add', input: '2', dueAt: 5_000 } },
      { entityId: '@counter@a', body: { type: 'EntityOperation', operation: 'reset' } },
      { entityId: '@counter@b', body: { type: 'EntityOperation', operation: 'delete' } },
    ]);
  });

  it('[N1] [N3] refuses bad keys and what is no operation', () => {
    expect(() => client.entity(Counter, 'a/b')).toThrow('it holds one of / \\ # ? or a control character');
    expect(() => client.entity(Counter, 'a').signal.undecorated()).toThrow('Counter.undecorated is no operation');
  });
});

describe('readEntityState', () => {
  it.each(['0', '""', 'false', 'null', '{"items":[]}'])('[N6] [N8] answers the state %s', async (state) => {
    host.entities = [entityRow({ state })];
    expect(await client.readEntityState(A)).toEqual({ entityExists: true, entityState: JSON.parse(state) as unknown });
  });

  it('[N6] an entity without state does not exist, also while its row is there for a lock', async () => {
    expect(await client.readEntityState(A)).toEqual({ entityExists: false });
    host.entities = [entityRow({ lock: { instanceId: 'order-1', executionId: 'execution', taskId: 0 } })];
    expect(await client.readEntityState(A)).toEqual({ entityExists: false });
  });

  it('[N8] refuses what is no EntityId', async () => {
    await expect(client.readEntityState('@counter@a' as never)).rejects.toThrow('readEntityState: the entity must be an EntityId');
  });
});

describe('listEntities', () => {
  beforeEach(() => {
    host.entities = ['a', 'b', 'c', 'd', 'e'].map((key) => entityRow({ instanceId: `@counter@${key}`, state: '0' }));
  });

  it('[N8] gives pages, each with the token of the next', async () => {
    const first = await client.listEntities({ pageSize: 2 });
    expect(first.entities).toEqual([
      { entityId: A, lastOperationTime: new Date(3_000) },
      { entityId: new EntityId('counter', 'b'), lastOperationTime: new Date(3_000) },
    ]);
    // Entities come and go: neither makes the next page repeat one or leave one out.
    host.entities = [entityRow({ instanceId: '@counter@Z', state: '0' }), ...host.entities.filter(({ instanceId }) => instanceId !== '@counter@b')];
    const second = await client.listEntities({ pageSize: 2, continuationToken: first.continuationToken });
    expect(second.entities.map(({ entityId }) => entityId.key)).toEqual(['c', 'd']);
    const last = await client.listEntities({ pageSize: 2, continuationToken: second.continuationToken });
    expect(last.entities.map(({ entityId }) => entityId.key)).toEqual(['e']);
    expect(last).not.toHaveProperty('continuationToken');
  });

  it('[N8] a full last page has no token', async () => {
    expect((await client.listEntities({ pageSize: 5 })).continuationToken).toBeUndefined();
  });

  it('[N8] hands the filter on, the name in lower case [N1]', async () => {
    await client.listEntities({ entityName: 'Counter', lastOperationTimeFrom: new Date(1), lastOperationTimeTo: new Date(2), fetchState: true });
    await client.listEntities();
    expect(host.entityQueries).toEqual([
      { which: 'existing', name: 'counter', lastOperationFrom: 1, lastOperationTo: 2, fetchState: true, after: undefined, limit: 101 },
      { which: 'existing', name: undefined, lastOperationFrom: undefined, lastOperationTo: undefined, fetchState: false, after: undefined, limit: 101 },
    ]);
  });

  it('[N6] [N8] shows states on request, falsy ones too', async () => {
    host.entities = ['0', 'null', '""', 'false'].map((state, index) => entityRow({ instanceId: `@counter@${index}`, state }));
    expect((await client.listEntities({ fetchState: true })).entities.map(({ state }) => state)).toEqual([0, null, '', false]);
    expect((await client.listEntities()).entities[0]).not.toHaveProperty('state');
  });

  it.each([
    [{ pageSize: 0 }, 'listEntities: pageSize must be a whole number from 1 to 1000, but got 0'],
    [{ pageSize: 1_001 }, 'pageSize must be a whole number from 1 to 1000'],
    [{ continuationToken: 'nonsense' }, 'listEntities: the continuationToken is not one that listEntities returned'],
    [{ continuationToken: Buffer.from('[1,"a"]').toString('base64url') }, 'the continuationToken is not one that listEntities returned'],
    [{ entityName: '' }, "entityName must be a non-empty string without '@'"],
    [{ entityName: 'counter@a' }, "entityName must be a non-empty string without '@', but got counter@a"],
    [{ entityName: 5 }, "entityName must be a non-empty string without '@', but got 5"],
    [{ lastOperationTimeFrom: new Date(NaN) }, 'listEntities: lastOperationTimeFrom must be a valid Date'],
    [{ lastOperationTimeTo: '2026-01-01' }, 'lastOperationTimeTo must be a valid Date'],
  ])('[N8] refuses %j', async (filter, message) => {
    await expect(client.listEntities(filter as EntityFilter)).rejects.toThrow(message);
    expect(host.entityQueries).toEqual([]);
  });

  it('[N8] listEntitiesAll goes through all pages, each read when it is needed', async () => {
    const keys: string[] = [];
    for await (const { entityId } of client.listEntitiesAll({ pageSize: 2 })) {
      keys.push(entityId.key);
      expect(host.entityQueries).toHaveLength(Math.ceil(keys.length / 2));
    }
    expect(keys).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
});

describe('cleanEntityStorage', () => {
  const holder = (instanceId: string, executionId = 'execution'): Caller => ({ instanceId, executionId, taskId: 3 });
  const unlocked = () => host.signals.map(({ entityId, body }) => [entityId, body.type === 'UnlockEntity' && body.holder.instanceId]);

  it('[L1] [N8] releases locks whose holder is finished, missing or another execution, by a message; those of live ones stay', async () => {
    host.rows = [
      instanceRow({ instanceId: 'running' }), instanceRow({ instanceId: 'suspended', executionId: 'e2', status: 'Suspended' }),
      instanceRow({ instanceId: 'failed', executionId: 'e3', status: 'Failed' }), instanceRow({ instanceId: 'newer', executionId: 'e5' }),
    ];
    host.entities = [
      entityRow({ instanceId: '@counter@a', state: '0', lock: holder('running') }),
      entityRow({ instanceId: '@counter@b', lock: holder('suspended', 'e2') }),
      entityRow({ instanceId: '@counter@c', state: '0', lock: holder('failed', 'e3') }),
      entityRow({ instanceId: '@counter@d', lock: holder('missing', 'e4') }),
      entityRow({ instanceId: '@counter@e', state: '0', lock: holder('newer', 'e4') }),
    ];
    expect(await client.cleanEntityStorage()).toEqual({ emptyEntitiesRemoved: 0, orphanedLocksReleased: 3 });
    expect(unlocked()).toEqual([['@counter@c', 'failed'], ['@counter@d', 'missing'], ['@counter@e', 'newer']]);
    expect(host.signals[0]?.body).toEqual({ type: 'UnlockEntity', holder: holder('failed', 'e3') });
  });

  it('[N6] [N8] has the owner look at rows without state and lock; not at those with a state, nor at one whose attempts are counted', async () => {
    host.entities = [
      entityRow({ instanceId: '@counter@a' }), entityRow({ instanceId: '@counter@b', attempts: 1 }), entityRow({ instanceId: '@counter@c', state: 'null' }),
    ];
    expect(await client.cleanEntityStorage()).toEqual({ emptyEntitiesRemoved: 1, orphanedLocksReleased: 0 });
    expect(unlocked()).toEqual([['@counter@a', '']]);
  });

  it('[N8] goes through all rows, some at a time', async () => {
    host.entities = Array.from({ length: 401 }, (_, index) => entityRow({ instanceId: `@counter@${1_000 + index}` }));
    expect(await client.cleanEntityStorage()).toEqual({ emptyEntitiesRemoved: 401, orphanedLocksReleased: 0 });
    expect(host.entityQueries.map(({ after }) => after)).toEqual([undefined, '@counter@1199', '@counter@1399']);
    expect(new Set(host.signals.map(({ entityId }) => entityId)).size).toBe(401);
  });
});

describe('calls for orchestrations', () => {
  it('[N1] refuse the id of an entity, saying what there is for entities', async () => {
    const id = '@counter@a';
    const calls = [
      () => client.getStatus(id), () => client.raiseEvent(id, 'e'), () => client.raiseEvent(id, 'e', 1, { entityManager: {} as EntityManager }),
      () => client.terminate(id), () => client.suspend(id), () => client.resume(id), () => client.rewind(id), () => client.restart(id),
      () => client.purgeInstanceHistory(id), () => client.waitForCompletion(id),
    ];
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({ name: 'InvalidInstanceIdError', message: expect.stringContaining('use signalEntity, readEntityState or listEntities') });
    }
    expect([host.sent, host.joined, host.purged]).toEqual([[], [], []]);
  });
});

describe('inside an episode', () => {
  it('[O1] every call throws at once', () => {
    host.insideEpisode = true;
    const calls: (() => unknown)[] = [
      () => client.signalEntity(A, 'add'), () => client.entity(Counter, 'a').signal.add(1), () => client.readEntityState(A),
      () => client.listEntities(), () => client.listEntitiesAll(), () => client.cleanEntityStorage(),
    ];
    for (const call of calls) expect(call).toThrow('inside the orchestrator');
    expect(host.signals).toEqual([]);
  });
});
