/** A worker process of the crash test, run by fleet.ts: an ordinary Nest application without HTTP. */
import { Module, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DurableClient, DurableModule } from '../../lib/index.js';
import { Account, Receipts } from './accounts.js';
import { Census } from './census.js';
import { Effects } from './effects.js';
import { shiftClock } from './faults/clock-shift.js';
import { Killers } from './killers.js';
import { serve } from './order-client.js';
import { RELEASES } from './orders.js';
import { Transfers } from './transfers.js';
import { watchCommits } from './watch-commits.js';
import { CLOSE, type ClientRequest, type WorkerConfig, type WorkerMessage, type WorkerRequest } from './worker-messages.js';
import { Errands, Journeys, type Call } from './workload.js';

const config = JSON.parse(process.argv[2]!) as WorkerConfig;

function tell(message: WorkerMessage): Promise<void> {
  return new Promise((resolve) => process.send!(message, () => resolve()));
}

let isWorking = false;
async function begun({ call }: Call): Promise<void> {
  if (!isWorking) void tell({ type: 'working' });
  isWorking = true;
  if (call !== config.hold) return;
  void tell({ type: 'holding' });
  await new Promise(() => undefined);
}

const write = (level: 'log' | 'warn' | 'error') => (...texts: unknown[]) => void tell({ type: 'log', level, text: texts.join(' ') });
const logger: LoggerService = { log: write('log'), warn: write('warn'), error: write('error') };
/** Where the kills come from outside nothing that runs is to blame, however often it is hit: the killer aims at moments of work. */
const BLAMELESS = 1_000;
const { storage, leaseDuration, release, maxDispatchCount } = config;
const usual = [Journeys, Errands, Census, Account, Receipts, Transfers];
const handlers = release === undefined ? [...usual, ...(maxDispatchCount === undefined ? [] : [Killers])] : RELEASES[release];

@Module({
  imports: [DurableModule.forRoot({ storage, leaseDuration, maxDispatchCount: maxDispatchCount ?? BLAMELESS, shutdownTimeout: 5_000, ...(release && { defaultVersion: release }) })],
  providers: [...handlers, { provide: Effects, useFactory: () => new Effects(config.effects, config.name, begun) }],
})
class WorkerModule {}

/** Its driver has died: nobody would stop it. */
const exit = () => process.exit(1);
process.once('disconnect', exit);
const commits = watchCommits(config.freeze, tell);
const app = await NestFactory.createApplicationContext(WorkerModule, { logger });
app.enableShutdownHooks(['SIGTERM']);
process.on('message', (message: WorkerRequest) => {
  // The process is to end by itself: a closed application leaves nothing behind that would keep it alive.
  if (message === CLOSE) void app.close().then(() => process.off('disconnect', exit).disconnect());
  else if ('freeze' in message) commits.freezeNext(message.freeze);
  else if ('shiftClock' in message) shiftClock(message.shiftClock);
  else void answer(message);
});

async function answer({ request, ...call }: ClientRequest): Promise<void> {
  const error = await serve(app.get(DurableClient, { strict: false }), call).then(() => undefined, String);
  await tell({ type: 'answer', request, ...(error !== undefined && { error }) });
}

await tell({ type: 'ready' });
