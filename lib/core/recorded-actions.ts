import type { AnswerEvent, OutputEvent } from './history.js';

/**
 * The actions of episodes that a rewind has taken back [K8]. What the code does again of them is not new: it takes the
 * recorded action's number and with it its answer. That goes by content, not by number: the code may come to the same action
 * another way. Of equal ones the first comes first.
 */
export class RecordedActions {
  private readonly byContent = new Map<string, OutputEvent[]>();
  private readonly left = new Set<number>();
  /** Answers that came before the code had come to their actions. */
  private readonly early = new Map<number, AnswerEvent>();

  constructor(outputs: readonly OutputEvent[]) {
    for (const output of outputs.toReversed()) {
      const content = contentOf(output);
      if (content === undefined) continue;
      const alike = this.byContent.get(content);
      if (alike) alike.push(output);
      else this.byContent.set(content, [output]);
      this.left.add(output.taskId);
    }
  }

  get isEmpty(): boolean {
    return this.left.size === 0;
  }

  /** The recorded action with this content, if there is one; it is taken only once. */
  take(content: string | undefined): OutputEvent | undefined {
    const action = content === undefined ? undefined : this.byContent.get(content)?.pop();
    if (action) this.left.delete(action.taskId);
    return action;
  }

  /**
   * As {@link take}, once the episodes are taken back. Timers are new then, their time was that of the old path; so are attempts after
   * them, unless they were answered.
   */
  takeLater(content: string | undefined): OutputEvent | undefined {
    const action = content === undefined ? undefined : this.byContent.get(content)?.at(-1);
    if (!action || action.type === 'TimerCreated') return undefined;
    const isFirst = !('attempt' in action) || action.attempt === undefined || action.attempt === 1;
    return isFirst || this.early.has(action.taskId) ? this.take(content) : undefined;
  }

  /** Keeps the first answer to an action that the code has not come to yet. */
  keep(event: AnswerEvent): boolean {
    if (!this.left.has(event.taskId)) return false;
    if (!this.early.has(event.taskId)) this.early.set(event.taskId, event);
    return true;
  }

  answerTo(taskId: number): AnswerEvent | undefined {
    return this.early.get(taskId);
  }
}

/**
 * All that makes an action this one, but its number and what follows from that. A timer is what it is by its time. Nothing for locks:
 * what was taken back has ended with their release, so the code's are always new.
 */
export function contentOf(output: OutputEvent): string | undefined {
  switch (output.type) {
    case 'TimerCreated':
      return String(output.fireAt);
    case 'EventSent':
      return JSON.stringify([output.type, output.name.toLowerCase(), output.input, output.instanceId]);
    case 'TaskScheduled': {
      const { type, name, input, callId, attempt } = output;
      return JSON.stringify([type, name.toLowerCase(), input, ...(attempt > 1 ? [callId, attempt] : [])]);
    }
    case 'SubOrchestrationInstanceCreated': {
      const { type, name, version, input, instanceId, defaultId, callId, attempt } = output;
      return JSON.stringify([type, name.toLowerCase(), version, input, defaultId ? null : instanceId, callId, attempt]);
    }
    case 'EntityOperationCalled':
      return JSON.stringify([output.type, output.entityId, output.operation.toLowerCase(), output.input]);
    case 'EntityOperationSignaled':
      return JSON.stringify([output.type, output.entityId, output.operation.toLowerCase(), output.input, output.scheduledTime]);
    case 'EntityLockRequested':
    case 'EntityUnlockSent':
      return undefined;
  }
}
