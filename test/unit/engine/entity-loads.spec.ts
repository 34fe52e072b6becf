/** What entities with work have in memory before their turn has come (I7). */
import { EntityId } from '../../../lib/core/entity-id.js';
import type { EntityContext } from '../../../lib/core/index.js';
import { sharedStore, signal, TestEngine } from './support/test-engine.js';

const CROWD = 300;
const CONCURRENT = 7;

it('[I7] of entities that wait for their turn memory holds no states', async () => {
  const store = await sharedStore();
  const gate = signal();
  let running = 0;
  let done = 0;
  const entities = {
    large: async (ctx: EntityContext<string>): Promise<void> => {
      running += 1;
      if (ctx.operationName === 'wait') await gate.promise;
      ctx.setState('x'.repeat(1_000));
      done += 1;
    },
  };
  const start = (settings: object) => TestEngine.start({ entities, shared: store, settings: { maxPollingInterval: 20, shutdownTimeout: 5_000, maxConcurrentEntityFunctions: CONCURRENT, ...settings } });
  const signalAll = ({ engine }: TestEngine, operation: string) =>
    Promise.all(Array.from({ length: CROWD }, (_, index) => engine.client.signal(String(new EntityId('large', `${index}`)), { type: 'EntityOperation', operation })));
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise(setImmediate);
  };

  const first = await start({});
  await signalAll(first, 'make');
  await until(() => done === CROWD);
  await first.engine.close();

  [running, done] = [0, 0];
  const second = await start({ extendedSessionsEnabled: false });
  await signalAll(second, 'wait');
  const slots = () => [...second.engine['parts'].ownership.partitions.values()].flatMap((partition) => [...partition.entities.values()]);
  await until(() => running === CONCURRENT && slots().length === CROWD);
  expect(slots().filter(({ row }) => row !== undefined).length).toBe(CONCURRENT);
  gate.resolve();
  await until(() => done === CROWD);
  await second.engine.close();
  await store.close();
});
