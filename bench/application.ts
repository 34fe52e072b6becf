/** The application that is measured: sequences of activities that do nothing but answer, and entities that count. */
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Activity, DurableClient, DurableModule, EntityId, Orchestrator, type Orchestration, type OrchestrationContext, type StorageOptions } from '../lib/index.js';
import { Callers, Counter } from './counters.js';

interface Order {
  readonly number: number;
  readonly done: readonly string[];
  readonly note: string;
}

/** Some 200 bytes, which every activity takes and gives back. */
const NOTE = 'x'.repeat(160);

@Injectable()
class OrderSteps {
  @Activity()
  async reserve(order: Order): Promise<Order> {
    return { ...order, done: [...order.done, 'reserved'] };
  }

  @Activity()
  async charge(order: Order): Promise<Order> {
    return { ...order, done: [...order.done, 'charged'] };
  }

  @Activity()
  async ship(order: Order): Promise<Order> {
    return { ...order, done: [...order.done, 'shipped'] };
  }

  @Orchestrator()
  *fulfil(ctx: OrchestrationContext, order: Order): Orchestration<Order> {
    const { reserve, charge, ship } = ctx.activities(OrderSteps);
    const reserved = yield* reserve(order);
    const charged = yield* charge(reserved);
    return yield* ship(charged);
  }

  /** A step more: what it leaves in the database is told apart by its name. */
  @Orchestrator()
  *fulfilAndReturn(ctx: OrchestrationContext, order: Order): Orchestration<Order> {
    const { reserve } = ctx.activities(OrderSteps);
    return yield* reserve(yield* this.fulfil(ctx, order));
  }
}

/** What this process has written so far. */
export interface Written {
  /** Transactions of the engine and of client calls. */
  readonly commits: number;
  /** Durable steps of instances and entities: checkpoints of the engine, and what a client call inserted first. */
  readonly checkpoints: number;
  /** Operations of entities that were carried out. */
  readonly operations: number;
}

export interface BenchApplication {
  /** Starts a sequence, under an id of its own when one is given, and resolves when its result is there. */
  run(number: number, instanceId?: string): Promise<void>;
  /** Runs a sequence of four activities, five checkpoints; answers its instance id. */
  runLonger(): Promise<string>;
  /** Purges the longer sequences that were created between these times, epoch ms, both included; answers how many there were. */
  purgeLonger(createdFrom: number, createdTo: number): Promise<number>;
  /** Adds 1 to a counter by a signal; resolves when it is durable. */
  signal(key: string): Promise<void>;
  /** Adds 1 to a counter so many times, by calls one after the other; resolves when the last one is answered. */
  call(key: string, calls: number): Promise<void>;
  /** What a counter has counted, as committed. */
  counted(key: string): Promise<number>;
  written(): Written;
  close(): Promise<void>;
}

export async function startApplication(storage: StorageOptions): Promise<BenchApplication> {
  @Module({ imports: [DurableModule.forRoot({ storage })], providers: [OrderSteps, Counter, Callers] })
  class BenchModule {}

  const app = await NestFactory.createApplicationContext(BenchModule, { logger: ['warn', 'error'] });
  const client = app.get(DurableClient);
  const { fulfil, fulfilAndReturn } = client.orchestrators(OrderSteps);
  const { count } = client.orchestrators(Callers);
  const completed = async (instanceId: string): Promise<unknown> => {
    const { runtimeStatus, output } = await client.waitForCompletion(instanceId);
    if (runtimeStatus !== 'Completed') throw new Error(`Instance '${instanceId}' ended ${runtimeStatus}.`);
    return output;
  };
  return {
    async run(number, instanceId) {
      const { done } = (await completed(await fulfil({ number, done: [], note: NOTE }, { instanceId }))) as Order;
      if (done.length !== 3) throw new Error(`Sequence ${number} ended after ${done.join(', ')}.`);
    },
    async runLonger() {
      const id = await fulfilAndReturn({ number: 0, done: [], note: NOTE });
      await completed(id);
      return id;
    },
    async purgeLonger(createdFrom, createdTo) {
      const filter = { name: 'fulfilAndReturn', createdTimeFrom: new Date(createdFrom), createdTimeTo: new Date(createdTo) };
      return (await client.purgeInstanceHistoryBy(filter)).instancesDeleted;
    },
    signal: (key) => client.entity(Counter, key).signal.add(1),
    async call(key, calls) {
      await completed(await count({ key, calls }));
    },
    async counted(key) {
      const { entityState } = await client.readEntityState<number>(new EntityId('counter', key));
      return entityState ?? 0;
    },
    written() {
      const { commits, client: calls, entities } = client.getMetrics();
      return { commits: commits.count + calls.commits, checkpoints: commits.checkpoints + calls.operations, operations: entities.operations };
    },
    close: () => app.close(),
  };
}
