/** The application that is measured: a sequence of three activities that do nothing but answer. */
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Activity, DurableClient, DurableModule, Orchestrator, type Orchestration, type OrchestrationContext, type StorageOptions } from '../lib/index.js';
import { DEFAULT_HUB, getDurableRuntimeToken } from '../lib/nest/durable.constants.js';
import type { DurableRuntime } from '../lib/nest/durable.runtime.js';

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
}

/** What this process has written so far. */
export interface Written {
  /** Transactions of the engine and of client calls. */
  readonly commits: number;
  /** Durable steps of instances: checkpoints of the engine, and instances that a client call inserted first. */
  readonly checkpoints: number;
}

export interface BenchApplication {
  /** Starts a sequence, under an id of its own when one is given, and resolves when its result is there. */
  run(number: number, instanceId?: string): Promise<void>;
  written(): Written;
  close(): Promise<void>;
}

export async function startApplication(storage: StorageOptions): Promise<BenchApplication> {
  @Module({ imports: [DurableModule.forRoot({ storage })], providers: [OrderSteps] })
  class BenchModule {}

  const app = await NestFactory.createApplicationContext(BenchModule, { logger: ['warn', 'error'] });
  const client = app.get(DurableClient);
  const { engine } = app.get<DurableRuntime>(getDurableRuntimeToken(DEFAULT_HUB), { strict: false });
  const { fulfil } = client.orchestrators(OrderSteps);
  return {
    async run(number, instanceId) {
      const id = await fulfil({ number, done: [], note: NOTE }, { instanceId });
      const { runtimeStatus, output } = await client.waitForCompletion(id);
      if (runtimeStatus !== 'Completed' || (output as Order).done.length !== 3) throw new Error(`Instance '${id}' ended ${runtimeStatus}.`);
    },
    written() {
      const { counters, client: { counters: calls } } = engine;
      return { commits: counters.commits + calls.commits, checkpoints: counters.checkpoints + calls.operations };
    },
    close: () => app.close(),
  };
}
