/** The application that is measured. */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DurableClient, DurableModule, EntityId, type DurableOptions, type StorageOptions } from '../../lib/index.js';
import { Callers, Counter } from './counters.js';
import { NOTE, OrderSteps, type Order } from './orders.js';
import { Bell, Reminder } from './reminder.js';
import { Shapes } from './shapes.js';

/** What this process has written so far. */
export interface Written {
  /** Transactions of the engine and of client calls. */
  readonly commits: number;
  /** Durable steps of instances and entities: checkpoints of the engine, and what a client call inserted first. */
  readonly checkpoints: number;
  /** Operations of entities that were carried out. */
  readonly operations: number;
}

/** Besides the database: all at their defaults, where nothing else is said. */
export type BenchSettings = Omit<DurableOptions, 'storage'>;

export interface BenchApplication {
  readonly client: DurableClient;
  /** Rings when the activity of {@link Reminder} has begun. */
  readonly bell: Bell;
  /** Resolves with the output of an instance when it is completed. @throws when it ended otherwise */
  completed(instanceId: string): Promise<unknown>;
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

export async function startApplication(storage: StorageOptions, settings: BenchSettings = {}): Promise<BenchApplication> {
  @Module({ imports: [DurableModule.forRoot({ ...settings, storage })], providers: [OrderSteps, Counter, Callers, Shapes, Bell, Reminder] })
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
    client,
    bell: app.get(Bell),
    completed,
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
