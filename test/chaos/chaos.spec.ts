/**
 * A round of chaos on each kind of database: every fault strikes at least once, at a random time, two at a time, while journeys and
 * transfers are under way. `npm run chaos` does the same for as long as wanted.
 *
 * CHAOS_SEED repeats plans, faults and delays of a run; CHAOS_SECONDS makes it longer.
 */
import { DATABASES } from '../support/databases.js';
import { printRounds, type RoundReport } from './faults/round-report.js';
import { runRound } from './faults/round.js';
import { Random } from './random.js';

const rounds: RoundReport[] = [];

afterAll(() => printRounds('Chaos', rounds));

it.each(DATABASES)('[A4] [N4] [L1] whatever goes wrong, nothing is lost, nothing counts twice and nothing is stuck, on %s', async (kind) => {
  const { seed } = Random.fromEnvironment();
  process.stderr.write(`Chaos on ${kind}: CHAOS_SEED=${seed}\n`);
  const round = await runRound({ kind, seed, seconds: Number(process.env.CHAOS_SECONDS ?? 0) });
  rounds.push(round);
  expect(round.problems).toEqual([]);
  // The run put the engine to the test. Whether a process stops in the midst of a commit is for chance.
  const { 'SIGSTOP in the midst of a commit': _chance, ...strikes } = round.strikes;
  expect(Object.keys(strikes).filter((fault) => strikes[fault] === 0)).toEqual([]);
  for (const number of ['takeovers', 'run again'] as const) expect([number, round.consequences[number]]).not.toEqual([number, 0]);
});
