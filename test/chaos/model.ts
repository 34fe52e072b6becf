/** What must come out of a plan, whatever is killed meanwhile. It shares nothing with workload.ts but the plan. */
import { list, type Leg, type Plan, type Round } from './plan.js';
import type { RoundResult } from './workload.js';

/** An instance that must be there in the end; how many of them, as children may have derived ids. */
export interface ExpectedInstances {
  readonly journey: number;
  readonly leg: number;
  readonly doomed: number;
}

/** The journey's output. */
export function expectedOutput({ id, rounds }: Plan): RoundResult[] {
  let number = 0;
  return rounds.map((round, index) => {
    const at = `${id}.${index}`;
    return {
      sequence: round.sequence.map((_, each) => `done ${at}.sequence${each}`),
      fan: round.fan.map((_, each) => `done ${at}.fan${each}`),
      flaky: round.failures + 1,
      stamped: true,
      timedOut: 'nothing',
      events: list(round.events, () => (number += 1)),
      legs: round.legs.map((_, each) => `arrived ${at}.leg${each}`),
      said: round.legs.map(({ laps, says }) => list(laps * says, (each) => each + 1)),
      doomed: round.doomed ? 'failed' : 'not tried',
    };
  });
}

/** Every attempt of every activity, as {@link attemptName} writes it: each must be scheduled exactly once. */
export function expectedAttempts({ id, rounds }: Plan): string[] {
  return rounds.flatMap((round, index) => attemptsOfRound(`${id}.${index}`, round));
}

export function attemptName(call: string, attempt: number): string {
  return `${call} attempt ${attempt}`;
}

export function expectedInstances(plans: readonly Plan[]): ExpectedInstances {
  const rounds = plans.flatMap((plan) => plan.rounds);
  return {
    journey: plans.length,
    leg: rounds.reduce((sum, { legs }) => sum + legs.length, 0),
    doomed: rounds.filter(({ doomed }) => doomed).length * 2,
  };
}

function attemptsOfRound(at: string, { sequence, fan, failures, legs }: Round): string[] {
  const once = [
    ...sequence.map((_, index) => `${at}.sequence${index}`),
    ...fan.map((_, index) => `${at}.fan${index}`),
    ...legs.flatMap((leg, index) => callsOfLeg(`${at}.leg${index}`, leg)),
    `${at}.stamp`,
  ].map((call) => attemptName(call, 1));
  return [...once, ...list(failures + 1, (index) => attemptName(`${at}.flaky`, index + 1))];
}

function callsOfLeg(call: string, { laps }: Leg): string[] {
  return list(laps, (index) => `${call}.lap${index + 1}`);
}
