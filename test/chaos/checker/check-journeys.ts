/** Whether the journeys ended as the model says, with each acknowledged event applied once and in order. */
import { isDeepStrictEqual } from 'node:util';
import type { Journey } from '../driver.js';
import { expectedInstances, expectedOutput } from '../model.js';
import type { RoundResult } from '../workload.js';
import type { StoredInstance } from './tables.js';

export function checkJourneys(journeys: readonly Journey[], instances: readonly StoredInstance[]): string[] {
  return [...journeys.flatMap(checkJourney), ...checkInstances(journeys, instances)];
}

function checkJourney({ plan, acknowledged, end }: Journey): string[] {
  const who = `journey '${plan.id}'`;
  if (end?.runtimeStatus !== 'Completed') return [`${who} is ${end?.runtimeStatus ?? 'unfinished'}: ${JSON.stringify(end?.output)}`];
  const output = end.output as readonly RoundResult[];
  const problems: string[] = [];
  const applied = output.flatMap(({ events }) => events);
  if (!isDeepStrictEqual(applied, acknowledged)) problems.push(`${who} was sent the events ${acknowledged.join(', ')} and applied ${applied.join(', ')}`);
  const expected = expectedOutput(plan);
  if (!isDeepStrictEqual(output, expected)) problems.push(`${who} ended with ${JSON.stringify(output)} in place of ${JSON.stringify(expected)}`);
  return problems;
}

/** Sub-orchestrations exist exactly once each. */
function checkInstances(journeys: readonly Journey[], instances: readonly StoredInstance[]): string[] {
  const expected = expectedInstances(journeys.map(({ plan }) => plan));
  const found = { journey: 0, leg: 0, doomed: 0 };
  const problems: string[] = [];
  for (const { instanceId, name, status } of instances) {
    found[name as keyof typeof found] += 1;
    if (status !== (name === 'doomed' ? 'Failed' : 'Completed')) problems.push(`instance '${instanceId}' (${name}) is ${status}`);
  }
  if (!isDeepStrictEqual(found, expected)) problems.push(`there are ${JSON.stringify(found)} instances in place of ${JSON.stringify(expected)}`);
  return problems;
}
