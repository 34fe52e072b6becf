import type { INestApplicationContext, Provider } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DurableClient, DurableModule, type DurableModuleOptions } from 'nestjs-durable';
import { DURABLE_CLOCK, VirtualClock } from 'nestjs-durable/testing';
import { Gates } from '../support/harness.js';
import { LOG_LINES } from '../support/log-lines.js';

/** One process of an application, on real time unless a test moves its clock. */
export interface RunningApp {
  readonly context: INestApplicationContext;
  readonly client: DurableClient;
  close(): Promise<void>;
}

/** Starts an application; `gates` are its activities'. It has no handlers unless `providers` says so, and stops soon. */
export async function startApp(
  options: DurableModuleOptions,
  { providers = [], gates = new Gates(), clock = new VirtualClock() }: { readonly providers?: readonly Provider[]; readonly gates?: Gates; readonly clock?: VirtualClock } = {},
): Promise<RunningApp> {
  const module = await Test.createTestingModule({
    imports: [DurableModule.forRoot({ shutdownTimeout: 1_000, ...options })],
    providers: [...providers, { provide: Gates, useValue: gates }],
  })
    .setLogger(LOG_LINES)
    .overrideProvider(DURABLE_CLOCK)
    .useValue(clock)
    .compile();
  const context = await module.init();
  return { context, client: context.get(DurableClient, { strict: false }), close: () => context.close() };
}

/** Starts applications and closes, after each test, those that are still open. */
export function useApps(): typeof startApp {
  const open = new Set<RunningApp>();
  afterEach(async () => {
    // Closing is idempotent.
    await Promise.all([...open].map((app) => app.close()));
    open.clear();
  });
  return async (...args) => {
    const app = await startApp(...args);
    open.add(app);
    return app;
  };
}

/** As long as a test may take, ms: what goes on asking afterwards would keep jest from ending. */
const LIMIT = 30_000;

/** Asks again and again until the answer is yes. */
export async function eventually(question: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + LIMIT;
  while (!(await question())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain for ${String(question)}`);
    await new Promise(setImmediate);
  }
}
