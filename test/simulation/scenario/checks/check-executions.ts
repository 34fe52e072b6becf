/** Every history is well formed [Y4], and a cold replay of it comes to the same (I5). */
import { OrchestrationExecution } from '../../../../lib/core/execution.js';
import type { OrchestratorFunction } from '../../../../lib/core/handlers.js';
import type { HistoryEvent } from '../../../../lib/core/history.js';
import { DEFAULT_SETTINGS } from '../../../../lib/engine/settings.js';
import { checkFinishedHistory } from '../../../chaos/checker/check-history.js';
import type { AuditEntry } from '../../contract.js';
import { interpret } from '../handlers.js';
import { hasEnded, type Life } from './lives.js';
import { eventsOf, ofTable, rowOf, type HistoryAudit } from './rows.js';

/** Of all executions, also of those whose histories are deleted since. */
export function readHistories(audit: readonly AuditEntry[]): Map<string, HistoryEvent[]> {
  const histories = new Map<string, HistoryEvent[]>();
  for (const entry of ofTable(audit, 'durable_history', 'insert')) {
    const row = rowOf<HistoryAudit>(entry);
    histories.set(row.execution_id, [...(histories.get(row.execution_id) ?? []), ...eventsOf(row)]);
  }
  return histories;
}

export function checkExecutions(lives: readonly Life[], histories: ReadonlyMap<string, readonly HistoryEvent[]>, partitionCount: number): string[] {
  return lives.flatMap((life) =>
    life.executions.flatMap((executionId) => {
      const history = histories.get(executionId) ?? [];
      const isFinished = executionId === life.last.execution_id && hasEnded(life);
      const isRewound = history.some(({ type }) => type === 'ExecutionRewound');
      const form = isFinished && !isRewound ? checkFinishedHistory(history, false) : [];
      const replay = new Replay(life.instanceId, executionId, partitionCount).check(history, isFinished);
      return [...form, ...replay].map((problem) => `history of '${life.instanceId}' (${life.program.id}, execution ${executionId}): ${problem}`);
    }),
  );
}

class Replay {
  private output: unknown;
  private readonly execution: OrchestrationExecution;

  constructor(instanceId: string, executionId: string, partitionCount: number) {
    const { maxOrchestrationActions, maxPayloadBytes, maxTimerInterval } = DEFAULT_SETTINGS;
    const nothing = () => undefined;
    this.execution = new OrchestrationExecution({
      instanceId, executionId, partitionCount, maxOrchestrationActions, maxPayloadBytes, maxTimerInterval,
      handler: this.noting(interpret), source: 'Simulation.program',
      log: { log: nothing, warn: nothing, error: nothing },
      classes: {
        namesOf: () => new Map(),
        entityOf: (type) => {
          throw new TypeError(`${type.name} is no entity class.`);
        },
      },
    });
  }

  check(history: readonly HistoryEvent[], isFinished: boolean): string[] {
    const { execution } = this;
    const open = execution.replay(history);
    if (isFinished && execution.isFinished) return this.compare(history);
    const { failureDetails } = execution.run(0, [], open);
    if (failureDetails?.errorType === 'NonDeterminismError') return [`I5: replay differs from the run: ${failureDetails.errorMessage}`];
    return isFinished ? ['I5: the run ended, its replay does not'] : [];
  }

  private compare(history: readonly HistoryEvent[]): string[] {
    const end = history.at(-2);
    if (end?.type !== 'ExecutionCompleted' || end.status !== 'Completed') return [];
    const output = JSON.stringify(this.output);
    return output === end.result ? [] : [`I5: the run ended with ${end.result}, its replay with ${output}`];
  }

  private noting(handler: OrchestratorFunction): OrchestratorFunction {
    const note = (output: unknown) => {
      this.output = output;
    };
    return function* (ctx, input): Generator<unknown, unknown, unknown> {
      const output = yield* handler(ctx, input) as Generator<unknown, unknown, unknown>;
      note(output);
      return output;
    };
  }
}
