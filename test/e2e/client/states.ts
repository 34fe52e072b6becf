import type { DurableOrchestrationStatus, RuntimeStatus } from 'nestjs-durable';
import type { ScenarioRun } from '../support/harness.js';

export const hour = 3_600_000;

/** For `until`. */
export const is = (wanted: RuntimeStatus) => ({ runtimeStatus }: DurableOrchestrationStatus): boolean => runtimeStatus === wanted;

export const FINISHED: readonly RuntimeStatus[] = ['Completed', 'Failed', 'Terminated'];
export const UNFINISHED: readonly RuntimeStatus[] = ['Pending', 'Running', 'Suspended'];

/** Brings an instance of `waits` into a state. */
export const BRING: Readonly<Record<string, (run: ScenarioRun, instanceId: string) => Promise<void>>> = {
  Pending: async ({ client, clock }, instanceId) => {
    await client.startNew('waits', { instanceId, startAt: Date.now() + clock.skew + hour });
  },
  Running: async ({ client, until }, instanceId) => {
    await client.startNew('waits', { instanceId });
    await until(instanceId, is('Running'));
  },
  // Running first, so that whether the code has begun is the same in every run.
  Suspended: async ({ client, until }, instanceId) => {
    await client.startNew('waits', { instanceId });
    await until(instanceId, is('Running'));
    await client.suspend(instanceId);
    await until(instanceId, is('Suspended'));
  },
  Completed: async ({ run }, instanceId) => void (await run('returns', 1, { instanceId })),
  Failed: async ({ run }, instanceId) => void (await run('fails', 'no', { instanceId })),
  Terminated: async ({ client, until }, instanceId) => {
    await client.startNew('waits', { instanceId });
    await until(instanceId, is('Running'));
    await client.terminate(instanceId);
    await client.waitForCompletion(instanceId);
  },
};
