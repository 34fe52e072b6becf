/** Operations of entities that kill their worker again and again [Y8]: they alone fail, in the end. */
import { EntityId } from '../../../lib/core/entity-id.js';
import { TaskFailedError, type EntityContext, type OrchestrationContext } from '../../../lib/core/index.js';
import { partitionOf } from '../../../lib/core/ids.js';
import { MortalEngines } from './support/mortal-engines.js';
import type { TestEngineOptions } from './support/test-engine.js';

const KEYS = Array.from({ length: 20 }, (_, index) => `innocent-${index}`);

describe('DurableEngine whose process dies of operations', () => {
  let engines: MortalEngines;
  /** How often code ran, by what it is. */
  let runs: Map<string, number>;
  afterEach(() => engines.close());

  const ran = (what: string) => void runs.set(what, (runs.get(what) ?? 0) + 1);
  const open = async (options: TestEngineOptions = {}) => {
    runs = new Map();
    engines = await MortalEngines.open({ entities, orchestrators, ...options, settings: { maxDispatchCount: 3, ...options.settings } });
    await engines.start();
  };
  const entities = {
    counter: (ctx: EntityContext<number>): unknown => {
      ran(`${ctx.entityKey}.${ctx.operationName}`);
      if (ctx.operationName === 'kills') {
        engines.die();
        return new Promise(() => undefined);
      }
      ctx.setState(ctx.getState(() => 0) + 1);
      return ctx.return(ctx.getState(() => 0));
    },
  };
  const orchestrators = {
    *call(ctx: OrchestrationContext, [key, operation]: [string, string]) {
      try {
        return (yield ctx.callEntity(new EntityId('counter', key), operation)) as unknown;
      } catch (error) {
        return error instanceof TaskFailedError ? error.failureDetails : error;
      }
    },
    kills: () => (ran('orchestrator'), engines.die()),
  };
  /** Its answer may get lost with the process. */
  const startNew = (name: string, id: string, input?: unknown) => engines.current.startNew(name, input, id).catch(() => undefined);
  const send = (key: string, operation: string) =>
    engines.current.engine.client.signal(String(new EntityId('counter', key)), { type: 'EntityOperation', operation }).catch(() => undefined);
  const row = async (key: string) => {
    const instanceId = String(new EntityId('counter', key));
    return (await engines.store.getEntities([{ partition: partitionOf(instanceId, 4), instanceId }]))[0];
  };

  it('[Y8] an operation fails after maxDispatchCount and its caller gets to know; other operations and entities are unaffected', async () => {
    await open();
    await Promise.all([
      ...KEYS.map((key) => startNew('call', key, [key, 'add'])),
      startNew('call', 'before', ['culprit', 'add']),
      startNew('call', 'culprit', ['culprit', 'kills']),
      startNew('call', 'after', ['culprit', 'add']),
    ]);
    const { output } = await engines.outlive('culprit');
    const { errorType, errorMessage, isNonRetriable } = JSON.parse(output!) as Record<string, unknown>;
    expect([errorType, isNonRetriable]).toEqual(['PoisonMessageError', true]);
    for (const part of ["Operation 'kills' of entity '@counter@culprit'", 'died 4 times', 'maxDispatchCount is 3']) expect(errorMessage).toContain(part);
    // Once more than it would alone: the first time that was counted, an operation in front of it was in the same batch.
    expect(runs.get('culprit.kills')).toBeLessThanOrEqual(5);
    for (const id of ['before', 'after', ...KEYS]) await engines.outlive(id);
    expect([(await row('culprit'))?.state, (await row('culprit'))?.attempts]).toEqual(['2', undefined]);
    for (const key of KEYS) expect((await row(key))?.state).toBe('1');
    expect(engines.errors).toEqual([]);
  });

  it('[Y8] a signal that kills is dropped in the end, and logged; no row is left of an entity without state', async () => {
    await open();
    await send('culprit', 'kills');
    for (let deaths = 1; deaths <= 4; deaths += 1) {
      await engines.whenDead();
      await engines.start();
    }
    await engines.until(() => engines.errors.length > 0);
    expect(engines.errors).toEqual([expect.stringMatching(/signal 'kills' of entity '@counter@culprit' failed.*PoisonMessageError/)]);
    await engines.until(async () => (await row('culprit')) === undefined);
    expect(runs.get('culprit.kills')).toBe(4);
  });

  it('[Y8] operations in front of one that kills are not held against the entity', async () => {
    await open();
    await Promise.all(Array.from({ length: 5 }, () => send('culprit', 'add')));
    await startNew('call', 'culprit', ['culprit', 'kills']);
    const { output } = await engines.outlive('culprit');
    expect(JSON.parse(output!)).toMatchObject({ errorType: 'PoisonMessageError' });
    expect(runs.get('culprit.kills')).toBe(4);
    expect((await row('culprit'))?.state).toBe('5');
  });

  it('[Y8] entities and orchestrators that kill take their turns, and none waits for the other for ever', async () => {
    await open();
    await Promise.all([startNew('kills', 'orchestrator'), startNew('call', 'culprit', ['culprit', 'kills']), ...KEYS.map((key) => startNew('call', key, [key, 'add']))]);
    expect(await engines.outlive('orchestrator')).toMatchObject({ status: 'Failed', failureDetails: { errorType: 'PoisonMessageError' } });
    expect(JSON.parse((await engines.outlive('culprit')).output!)).toMatchObject({ errorType: 'PoisonMessageError' });
    expect(runs.get('culprit.kills')).toBeLessThanOrEqual(4);
    for (const id of KEYS) expect((await engines.outlive(id)).output).toBe('1');
  });

  it('[Y8] an attempt is counted by a step of its own, and the next step clears it', async () => {
    await open();
    await startNew('call', 'culprit', ['culprit', 'kills']);
    await engines.whenDead();
    await engines.start();
    await engines.whenDead();
    expect(await row('culprit')).toMatchObject({ state: undefined, attempts: 1 });
    await engines.start({ entities: { counter: (ctx: EntityContext<number>) => ctx.setState(7) } });
    await engines.outlive('culprit');
    expect(await row('culprit')).toMatchObject({ state: '7', attempts: undefined });
  });

  it('[Y8] stops of a process count for nothing, however often they interrupt an operation', async () => {
    const hung = (ctx: EntityContext<number>): unknown => {
      ran(ctx.operationName);
      return new Promise(() => undefined);
    };
    await open({ entities: { counter: hung } });
    await startNew('call', 'caller', ['slow', 'add']);
    await engines.until(() => runs.get('add') === 1);
    engines.die();
    for (let starts = 2; starts <= 5; starts += 1) {
      const { engine } = await engines.start();
      await engines.until(() => runs.get('add') === starts);
      await engine.close();
    }
    expect(await row('slow')).toMatchObject({ attempts: 1 });
    await engines.start({ entities });
    expect((await engines.outlive('caller')).output).toBe('1');
  });

  it('[Y8] an entity that waits until nothing else runs leaves the inbox to the others', async () => {
    await open();
    await send('culprit', 'kills');
    await engines.whenDead();
    await engines.start();
    await engines.whenDead();
    // A suspect now: there is always another one that is at work.
    await engines.start({}, ({ engine }) => jest.spyOn(engine['parts'].dispatcher, 'hasSuspects', 'get').mockReturnValue(true));
    await Promise.all(Array.from({ length: 150 }, () => send('culprit', 'add')));
    const instanceId = String(new EntityId('counter', 'culprit'));
    const key = { partition: partitionOf(instanceId, 4), instanceId };
    await engines.until(async () => (await engines.store.loadEntities([key], { maxBytes: 1_000_000, queueLimit: 200 })).entities[0]!.queue.length > 100);
    expect(runs.get('culprit.kills')).toBe(2);
  });
});
