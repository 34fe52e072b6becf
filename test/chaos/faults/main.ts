/**
 * `npm run chaos [-- --minutes 60] [--seed S] [--database mysql|sqlite]`: rounds of chaos, each with an empty database and a seed
 * of its own, as long as there is time, and at least one. Ends with 1 when something was wrong, and says how to repeat that round.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { scratchDirectory } from '../../../scripts/scratch-directory.js';
import type { DatabaseKind } from '../../support/databases.js';
import { Random } from '../random.js';
import { printRounds, type RoundReport } from './round-report.js';
import { brokenOff, runRound } from './round.js';

/** The compiled program is in build/test/chaos/faults/. */
const OUTPUT = resolve(import.meta.dirname, '../../../chaos-results.json');
/** How long faults strike in a round, s. */
const SECONDS = 150;
const KINDS: readonly DatabaseKind[] = ['mysql', 'mysql', 'sqlite'];

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' }, database: { type: 'string' } } });
const kinds = kindsOf(values.database);
const end = performance.now() + Number(values.minutes) * 60_000;
const scratch = scratchDirectory('chaos');
process.env.DURABLE_TEST_DIRECTORY = scratch.path;

const rounds: RoundReport[] = [];
let seed = values.seed === undefined ? Random.fromEnvironment().seed : Number(values.seed);
do {
  const kind = kinds[rounds.length % kinds.length]!;
  const repeat = `npm run chaos -- --minutes 0 --database ${kind} --seed ${seed}`;
  process.stderr.write(`Round ${rounds.length + 1} on ${kind}; to repeat it: ${repeat}\n`);
  const options = { kind, seed, seconds: SECONDS };
  // The next rounds go on.
  const round = await runRound(options).catch((error: unknown): RoundReport => ({ ...options, ...brokenOff(error), strikes: {}, timeline: [], duration: 0 }));
  rounds.push(round);
  for (const problem of round.problems) process.stderr.write(`  ${problem}\n`);
  for (const clue of round.clues ?? []) process.stderr.write(`  ${clue}\n`);
  if (round.problems.length > 0) for (const { name, times, began, ended } of round.timeline) process.stderr.write(`  ${new Date(began).toISOString()} ${name}: ${times}, ${ended - began} ms\n`);
  process.stderr.write(`  ${round.problems.length === 0 ? 'all is well' : 'WRONG'} after ${round.duration} s; this process holds ${heldMegabytes()} MB\n`);
  writeResults();
  seed = new Random(seed).fork().seed;
} while (performance.now() < end);

printRounds('Chaos', rounds);
process.stderr.write(`written to ${relative(process.cwd(), OUTPUT)}\n`);
await scratch.remove();
process.exitCode = rounds.some(({ problems }) => problems.length > 0) ? 1 : 0;

/** After each round: what was found is not lost when a later one is broken off. */
function writeResults(): void {
  mkdirSync(resolve(OUTPUT, '..'), { recursive: true });
  writeFileSync(OUTPUT, `${JSON.stringify({ date: new Date().toISOString(), node: process.version, rounds }, undefined, 2)}\n`);
}

function heldMegabytes(): number {
  return Math.round(process.memoryUsage().rss / 1024 / 1024);
}

function kindsOf(name: string | undefined): readonly DatabaseKind[] {
  if (name === undefined) return KINDS;
  if (!KINDS.some((kind) => kind === name)) throw new Error(`'${name}' is no database of the chaos run; there are mysql and sqlite.`);
  return [name as DatabaseKind];
}
