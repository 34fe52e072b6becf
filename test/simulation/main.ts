/** `npm run simulate`: runs seeds of the simulation, and tells those that failed. `-- --help` says how. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runFleet } from './world/fleet.js';
import { replaceGlobals } from './world/globals.js';
import { describeFailure, Report } from './world/report.js';

const HELP = `npm run simulate                                      the fixed set of seeds, as npm test does
npm run simulate -- --seeds 10000 [--first 1]         as many as you like
npm run simulate -- --seed 4711 [--quiet]             one of them, with all that happens in it
  --json <file>   writes the figures there`;

/** Seeds of a run without arguments. */
const FIXED = 150;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: String(FIXED) },
    first: { type: 'string', default: '1' },
    seed: { type: 'string' },
    quiet: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(HELP);
else if (values.seed !== undefined) await runOne(Number(values.seed), values.quiet);
else await runMany(Number(values.first), Number(values.seeds), values.json);

async function runOne(seed: number, isQuiet: boolean): Promise<void> {
  replaceGlobals();
  const { runSeed } = await import('./world/simulation.js');
  const { createScenario } = await import('./scenario/scenario.js');
  const result = await runSeed(seed, createScenario, isQuiet ? undefined : (line) => console.log(line));
  console.log(JSON.stringify(result, undefined, 2));
  if (result.problems.length > 0) fail(describeFailure(result));
}

async function runMany(first: number, count: number, json: string | undefined): Promise<void> {
  const report = new Report();
  await runFleet({
    first, count,
    finished(result) {
      report.add(result);
      if (result.problems.length > 0) fail(describeFailure(result));
      return true;
    },
  });
  console.log(report.table());
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, undefined, 2)}\n`);
}

function fail(text: string): void {
  process.exitCode = 1;
  console.error(text);
}
