/** `npm run simulate:mutants [-- <name>]`: takes each protection out in turn, and fails unless the simulation finds that. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { runFleet } from './world/fleet.js';
import { MUTATIONS, type Mutation } from './world/mutations.js';
import type { SeedResult } from './world/simulation.js';

/** Seeds within which each must be found. */
const MAX_SEEDS = 1_000;
/** The compiled program is in build/test/simulation/. */
const BUILD = resolve(import.meta.dirname, '../..');
const SCRATCH = resolve(BUILD, 'mutant');

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !MUTATIONS.some((mutation) => mutation.name === name));
if (unknown !== undefined) throw new Error(`There is no mutant '${unknown}'; there are: ${MUTATIONS.map(({ name }) => name).join(', ')}.`);

const chosen = MUTATIONS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
// One that no longer applies is told before the others have taken their time.
for (const mutation of chosen) mutatedFiles(mutation);
console.log('| protection removed | found by seed | what was found |\n|---|---:|---|');
for (const mutation of chosen) {
  const found = await hunt(mutation);
  if (!found) process.exitCode = 1;
  console.log(`| ${mutation.name}: ${mutation.removes} | ${found?.seed ?? '-'} | ${found ? firstLine(found) : `NOT FOUND in ${MAX_SEEDS} seeds`} |`);
}

/** Runs seeds until one fails that does not fail with the protection. */
async function hunt(mutation: Mutation): Promise<SeedResult | undefined> {
  rmSync(SCRATCH, { recursive: true, force: true });
  for (const folder of ['lib', 'test']) cpSync(resolve(BUILD, folder), resolve(SCRATCH, folder), { recursive: true });
  for (const [file, code] of mutatedFiles(mutation)) writeFileSync(resolve(SCRATCH, 'lib', file), code);
  try {
    for (let first = 1; first <= MAX_SEEDS; ) {
      const found = await firstFailure(first, MAX_SEEDS + 1 - first, resolve(SCRATCH, 'test/simulation/world'));
      if (!found) break;
      // What fails with the protection too says nothing about it.
      if (!(await firstFailure(found.seed, 1))) return found;
      console.error(`Seed ${found.seed} fails with all protections too; npm run simulate -- --seed ${found.seed} tells why.`);
      first = found.seed + 1;
    }
    return undefined;
  } finally {
    rmSync(SCRATCH, { recursive: true, force: true });
  }
}

/** @param folder of the compiled simulation; without it, the one that has all protections */
async function firstFailure(first: number, count: number, folder?: string): Promise<SeedResult | undefined> {
  let failure: SeedResult | undefined;
  await runFleet({
    folder, first, count,
    finished(result) {
      if (result.problems.length > 0) failure ??= result;
      return failure === undefined;
    },
  });
  return failure;
}

/** By their names in lib/. */
function mutatedFiles({ name, edits }: Mutation): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const { file, text, replacement } of edits) {
    const code = files.get(file) ?? readFileSync(resolve(BUILD, 'lib', file), 'utf8');
    const times = code.split(text).length - 1;
    if (times !== 1) throw new Error(`Mutant '${name}' no longer applies: lib/${file} has '${text}' ${times} times, not once. Change test/simulation/world/mutations.ts.`);
    files.set(file, code.replace(text, () => replacement));
  }
  return files;
}

function firstLine({ problems }: SeedResult): string {
  return problems[0]!.split('\n')[0]!.slice(0, 160).replaceAll('|', '/');
}
