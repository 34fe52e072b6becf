/**
 * Compiled by `npm run typecheck`, never run: entities as orchestrators and clients see them.
 */
import {
  EntityId, TaskEntity,
  type DurableClient, type DurableTask, type EntityLock, type EntityStub, type Orchestration, type OrchestrationContext,
} from 'nestjs-durable';

class Counter extends TaskEntity<{ readonly count: number; readonly since: Date }> {
  override initializeState() {
    return { count: 0, since: new Date(0) };
  }

  add(amount: number): number {
    return this.state.count + amount;
  }

  async reset(_since?: Date): Promise<{ readonly since: Date }> {
    return { since: this.state.since };
  }

  signal(): void {}
  _internal(): void {}
  onModuleDestroy(): void {}
  protected helper(): void {}
}

class Erasable extends TaskEntity<string> {
  delete(reason: string): string {
    return reason;
  }
}

class Service {
  add(amount: number): number {
    return amount;
  }
}

export function* uses(ctx: OrchestrationContext): Orchestration<void> {
  const counter = ctx.entity(Counter, 'a');
  counter satisfies EntityStub<Counter>;
  (yield* counter.add(1)) satisfies number;
  (yield* counter.reset()).since satisfies string; // What crosses as JSON is no Date any more.
  yield* counter.reset(new Date());
  counter.delete() satisfies DurableTask<void>;
  counter.signal.add(1) satisfies void;
  counter.signal.add(1, { scheduledTime: new Date() });
  counter.signal.reset(undefined, { scheduledTime: new Date() });
  counter.signal.delete();
  const { add, signal: { reset } } = counter;
  (yield* add(1)) satisfies number;
  reset();

  // @ts-expect-error the input is required
  counter.add();
  // @ts-expect-error and has the method's type
  counter.add('1');
  // @ts-expect-error a call has no options
  counter.add(1, { scheduledTime: new Date() });
  // @ts-expect-error of a signal too
  counter.signal.add('1');
  // @ts-expect-error a time is a Date
  counter.signal.add(1, { scheduledTime: 5 });
  // @ts-expect-error a signal is no task
  yield* counter.signal.add(1);
  // @ts-expect-error no operation
  counter.multiply(2);
  // @ts-expect-error what TaskEntity defines is no operation
  counter.initializeState();
  // @ts-expect-error nor are names that begin with an underscore
  counter._internal();
  // @ts-expect-error nor lifecycle hooks
  counter.onModuleDestroy();
  // @ts-expect-error nor methods that are not public
  counter.helper();
  // @ts-expect-error nor state
  void counter.state;
  // @ts-expect-error `signal` is the stub's own
  counter.signal.signal();
  // @ts-expect-error no entity class
  ctx.entity(Service, 'a');

  (yield* ctx.entity(Erasable, 'a').delete('old')) satisfies string;
  // @ts-expect-error a `delete` of one's own has its own input
  ctx.entity(Erasable, 'a').delete();

  (yield* ctx.callEntity<Date>(new EntityId('clock', 'a'), 'now')) satisfies string;
  // @ts-expect-error an id, not its text
  ctx.callEntity('@clock@a', 'now');
  // @ts-expect-error there is no result to wait for
  yield* ctx.signalEntity(new EntityId('clock', 'a'), 'set');

  using lock = yield* ctx.lock(counter, new EntityId('clock', 'a'));
  lock satisfies EntityLock;
  // @ts-expect-error operations are no entities
  yield* ctx.lock(counter.signal);
  // @ts-expect-error nor are texts
  yield* ctx.lock('@clock@a');
  ctx.isLocked().ownedLocks satisfies readonly EntityId[];
}

export async function signals(client: DurableClient): Promise<void> {
  const { signal } = client.entity(Counter, 'a');
  await (signal.add(1) satisfies Promise<void>);
  await signal.add(1, { scheduledTime: new Date() });
  await signal.reset();
  await signal.delete();
  // @ts-expect-error the input has the method's type
  await signal.add('1');
  // @ts-expect-error a time is a Date
  await signal.add(1, { scheduledTime: 5 });
  // @ts-expect-error what TaskEntity defines is no operation
  await signal.initializeState();
  // @ts-expect-error clients cannot call
  await client.entity(Counter, 'a').add(1);
  // @ts-expect-error no entity class
  client.entity(Service, 'a');
  // @ts-expect-error an id, not its text
  await client.signalEntity('@counter@a', 'add', 1);

  const { entityExists, entityState } = await client.readEntityState<{ readonly since: Date }>(new EntityId('counter', 'a'));
  entityExists satisfies boolean;
  entityState?.since satisfies string | undefined; // What crosses as JSON is no Date any more.
  for await (const { entityId, lastOperationTime } of client.listEntitiesAll({ entityName: 'counter' })) {
    entityId satisfies EntityId;
    lastOperationTime satisfies Date;
  }
}
