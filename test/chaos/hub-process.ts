/** A process that starts an application on a task hub when it is told to, and runs a number of orchestrations there. */
import { Injectable, Module, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Activity, DurableClient, DurableModule, Orchestrator, type Orchestration, type OrchestrationContext } from '../../lib/index.js';
import type { HubProcessConfig, HubProcessMessage } from './hub-process-messages.js';

const config = JSON.parse(process.argv[2]!) as HubProcessConfig;

const tell = (message: HubProcessMessage): boolean => process.send!(message);
const heard = (word: string): Promise<void> =>
  new Promise((resolve) => process.on('message', (message) => message === word && resolve()));

@Injectable()
class Parcels {
  @Activity()
  async pack(item: number): Promise<string> {
    return `${config.taskHub} ${item}`;
  }

  @Orchestrator()
  *ship(ctx: OrchestrationContext, item: number): Orchestration<string> {
    return yield* ctx.activities(Parcels).pack(item);
  }

  @Orchestrator()
  *waits(ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.waitForExternalEvent('go');
  }
}

const report = (...texts: unknown[]) => void tell({ type: 'complaint', text: texts.join(' ') });
const logger: LoggerService = { log: () => undefined, warn: report, error: report };

@Module({
  imports: [DurableModule.forRoot({ storage: config.storage, taskHub: config.taskHub, partitionCount: 4, leaseDuration: 1_500 })],
  providers: [Parcels],
})
class HubProcessModule {}

process.once('disconnect', () => process.exit());
const [start, close] = [heard('start'), heard('close')];
tell({ type: 'loaded' });
await start;
const app = await NestFactory.createApplicationContext(HubProcessModule, { logger });
const client = app.get(DurableClient);
const outputs = await Promise.all(
  Array.from({ length: config.count }, async (_, item) => (await client.waitForCompletion(await client.startNew('ship', { input: item }))).output),
);
tell({ type: 'done', outputs });
await close;
await app.close();
process.exit();
