import { Injectable } from '@nestjs/common';
import { EntityId, Orchestrator, type FailureDetails, type Orchestration, type OrchestrationContext, type TaskFailedError } from 'nestjs-durable';
import type { ScenarioRun } from './scenario-run.js';

/** An entity, what it is to do, and with which input. In the input of an orchestration the id is text. */
export type Operation = readonly [entity: EntityId | string, operation: string, input?: unknown];

/** Orchestrators that do what scenarios tell them. */
@Injectable()
export class EntityCallers {
  /** Calls one after the other. Answers the results, and for a call that failed `{ failed: its failure details }`. */
  @Orchestrator()
  *callEntities(ctx: OrchestrationContext, operations: readonly Operation[]): Orchestration<unknown[]> {
    const answers: unknown[] = [];
    for (const [entity, operation, input] of operations) {
      try {
        answers.push(yield* ctx.callEntity(EntityId.parse(String(entity)), operation, input));
      } catch (error) {
        answers.push({ failed: (error as TaskFailedError).failureDetails });
      }
    }
    return answers;
  }

  @Orchestrator()
  signalEntities(ctx: OrchestrationContext, operations: readonly Operation[]): void {
    for (const [entity, operation, input] of operations) ctx.signalEntity(EntityId.parse(String(entity)), operation, input);
  }
}

/** Calls entities from an orchestration, one after the other; answers as `callEntities` does. */
export async function callEntities({ start, output }: ScenarioRun, ...operations: readonly Operation[]): Promise<unknown[]> {
  return (await output(await start('callEntities', operations))) as unknown[];
}

/** The result of one call. */
export async function callEntity(run: ScenarioRun, ...operation: Operation): Promise<unknown> {
  return (await callEntities(run, operation))[0];
}

/** What `callEntities` answers for a call that failed. */
export const failureOf = (answer: unknown): FailureDetails => (answer as { failed: FailureDetails }).failed;

/** The ids of a scenario's entities that exist, as text. */
export async function listEntities({ client, id }: ScenarioRun): Promise<string[]> {
  const ids: string[] = [];
  for await (const { entityId } of client.listEntitiesAll()) if (entityId.key.startsWith(id(''))) ids.push(String(entityId));
  return ids;
}

/** The output of an instance that an entity starts: it comes to be soon after the operation. */
export async function outputOfStarted({ until, output }: ScenarioRun, instanceId: string): Promise<unknown> {
  await until(instanceId, () => true);
  return await output(instanceId);
}
