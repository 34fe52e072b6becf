/** A worker process for crowds of instances, whose engine time its driver moves. */
import type { LoggerService } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DurableModule } from '../../lib/index.js';
import { DURABLE_CLOCK, VirtualClock } from '../../lib/testing/index.js';
import { Crowd } from './crowd.js';
import { Endless, Stubborn } from './endless.js';
import type { CrowdMessage, CrowdRequest, CrowdWorkerConfig } from './crowd-messages.js';

const config = JSON.parse(process.argv[2]!) as CrowdWorkerConfig;
const tell = (message: CrowdMessage): Promise<void> => new Promise((resolve) => process.send!(message, () => resolve()));

const write = (level: 'log' | 'warn' | 'error') => (...texts: unknown[]) => void tell({ type: 'log', level, text: texts.join(' ') });
const logger: LoggerService = { log: write('log'), warn: write('warn'), error: write('error') };
const clock = new VirtualClock();

/** Its driver has died: nobody would stop it. */
const exit = () => process.exit(1);
process.once('disconnect', exit);
const module = await Test.createTestingModule({ imports: [DurableModule.forRoot(config)], providers: [Crowd, Endless, Stubborn] })
  .overrideProvider(DURABLE_CLOCK)
  .useValue(clock)
  .setLogger(logger)
  .compile();
const app = (await module.init()).enableShutdownHooks();
process.on('message', (request: CrowdRequest) => void carryOut(request));

async function carryOut(request: CrowdRequest): Promise<void> {
  await tell({ type: 'begun' });
  if (request.type === 'advance') clock.advance(request.ms);
  else if (request.type === 'block') block(request.ms);
  else {
    await app.close();
    // The process is to end by itself: a closed application leaves nothing behind that would keep it alive.
    if (process.connected) process.off('disconnect', exit).disconnect();
    return;
  }
  await tell({ type: 'done' });
}

function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

await tell({ type: 'ready' });
