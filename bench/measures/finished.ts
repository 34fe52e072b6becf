/** What many finished instances in the tables cost: those that run, and those who list them. */
import { setTimeout as delay } from 'node:timers/promises';
import type { StatusFilter, StorageOptions } from '../../lib/index.js';
import { startApplication, type BenchApplication } from '../application/application.js';
import { Shapes } from '../application/shapes.js';
import { ROUNDS, type Bench } from '../bench.js';
import { mediansOf, type Figures, type Sample, type Samples } from '../figures.js';
import { addFinishedInstances, type Variation } from '../finished-instances.js';
import type { RowName } from '../rows.js';
import { medianOf } from '../statistics.js';
import { sequenceRate } from './throughput.js';

/** One in so many is rare: of each kind. */
const RARE = 10_000;
/** For the database to write back what was inserted, ms. */
const SETTLING = 10_000;
/** Times that a page is read, unless once takes longer than this, ms. */
const READS = 5;
const SLOW = 2_000;

type PageName = Extract<RowName, `page${string}`>;

export async function measureFinished(bench: Bench): Promise<Figures> {
  const { database, finished, progress } = bench;
  const [empty, full] = [await database.createStorage(), await database.createStorage()];
  const begin = await fillWith(full, finished, bench);
  const apps = [await startApplication(empty), await startApplication(full)] as const;
  try {
    progress('throughput beside them');
    const rounds: Samples[] = [];
    for (const app of [...apps, ...apps]) await sequenceRate(app);
    for (let round = 0; round < ROUNDS; round += 1) rounds.push({ finishedRatio: { value: await measureRatio(...apps) } });
    progress('pages of getStatusBy');
    return { finished: { value: finished }, ...mediansOf(rounds), ...mediansOf([await measurePages(apps[1], begin, finished)]) };
  } finally {
    for (const app of apps) await app.close();
  }
}

/** Throughput beside finished instances ÷ without: each first once and second once, as it matters what ran before. */
async function measureRatio(empty: BenchApplication, full: BenchApplication): Promise<number> {
  const rates: number[] = [];
  for (const app of [empty, full, full, empty]) rates.push((await sequenceRate(app)).value);
  const [first, second, third, fourth] = rates as [number, number, number, number];
  return (second + third) / (first + fourth);
}

/** Adds finished instances with two rows of history each; answers when the first was created, epoch ms. */
export async function fillWith(storage: StorageOptions, count: number, { progress }: Bench): Promise<number> {
  progress(`inserting ${count} finished instances`);
  const begin = await addFinishedInstances(storage, count, { template: runShort, vary });
  await delay(SETTLING);
  return begin;
}

async function runShort(app: BenchApplication): Promise<string> {
  const id = await app.client.orchestrators(Shapes).short();
  await app.completed(id);
  return id;
}

/** Each of 10 000 customers has its share of them; one in 10 000 failed, one has another name, one another kind of id. */
function vary(index: number): Variation {
  const kind = index % RARE;
  const columns = { tags: JSON.stringify({ customer: String(kind) }) };
  if (kind === 1) return { columns: { ...columns, status: 'Failed' } };
  if (kind === 2) return { columns: { ...columns, name: 'rare' } };
  if (kind === 3) return { idPrefix: 'rare-', columns };
  return { columns };
}

/** @param begin when the first of them was created, epoch ms; the others follow by the millisecond */
async function measurePages(app: BenchApplication, begin: number, finished: number): Promise<Samples> {
  const filters: Record<PageName, StatusFilter> = {
    pageAll: {},
    pageStatus: { runtimeStatus: 'Completed' },
    pageCreatedFrom: { createdTimeFrom: new Date(begin + finished - 1_000) },
    pageCreatedTo: { createdTimeTo: new Date(begin + 1_000) },
    pageName: { name: 'short' },
    pageStatusRare: { runtimeStatus: 'Failed' },
    pageStatusNone: { runtimeStatus: ['Pending', 'Running'] },
    pageNameRare: { name: 'rare' },
    pagePrefix: { instanceIdPrefix: 'rare-' },
    pageTags: { tags: { customer: '7' } },
  };
  const samples: Partial<Record<PageName, Sample>> = {};
  for (const [name, filter] of Object.entries(filters) as [PageName, StatusFilter][]) samples[name] = await readPage(app, filter);
  return samples;
}

/** What the module gives up on has the time until then as its figure. */
async function readPage(app: BenchApplication, filter: StatusFilter): Promise<Sample> {
  const times: number[] = [];
  while (times.length < READS && (times[0] ?? 0) < SLOW) {
    const begin = performance.now();
    const failure = await app.client.getStatusBy(filter).then(() => undefined, (error: Error) => error);
    times.push(performance.now() - begin);
    if (failure) return { value: times.at(-1)!, note: `given up: ${failure.message}` };
  }
  return { value: medianOf(times) };
}
