/** Statements that the module sends; counted in passes of their own, whose times are not told. */
import { setTimeout } from 'node:timers/promises';
import { startApplication } from '../application/application.js';
import type { Bench } from '../bench.js';
import type { Figures } from '../figures.js';
import { StatementCounter } from '../statement-counter.js';
import { runSequences, SEQUENCES, type Ids } from './throughput.js';

/** How long an application gets to back off before it counts as idle, ms. */
const SETTLING = 5_000;
/** ms over which idle statements are counted: several heartbeats. */
const IDLE_DURATION = 20_000;

export async function measureStatements({ database, progress }: Bench): Promise<Figures> {
  progress('counting statements');
  const counter = new StatementCounter();
  const app = await startApplication({ ...(await database.createStorage()), logging: ['query'], logger: counter });
  const count = async (ids: Ids) => {
    await runSequences(app, SEQUENCES, ids);
    const before = counter.statements;
    await runSequences(app, SEQUENCES, ids);
    return (counter.statements - before) / SEQUENCES;
  };
  try {
    const generatedStatements = { value: await count('generated') };
    const suppliedStatements = { value: await count('supplied') };
    progress('idle');
    return { generatedStatements, suppliedStatements, idleStatements: { value: await countIdle(counter) } };
  } finally {
    await app.close();
  }
}

/** Statements of an application with nothing to do, per second. */
async function countIdle(counter: StatementCounter): Promise<number> {
  await setTimeout(SETTLING);
  const before = counter.statements;
  await setTimeout(IDLE_DURATION);
  return ((counter.statements - before) / IDLE_DURATION) * 1_000;
}
