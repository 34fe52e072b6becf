/** The instances that there were, each from its start to its end, as the audit of their rows tells it. */
import { isFinished, type RuntimeStatus } from '../../../../lib/core/history.js';
import type { AuditEntry } from '../../contract.js';
import type { Note, Program, ProgramInput } from '../program.js';
import { ofTable, rowOf, type InstanceAudit } from './rows.js';

export interface Life {
  readonly instanceId: string;
  readonly program: Program;
  /** As it is, or as it was before it was replaced or purged. */
  last: InstanceAudit;
  /** Of its generations. */
  readonly executions: string[];
  /** How it left its place. */
  gone?: 'replaced' | 'purged';
}

export function readLives(audit: readonly AuditEntry[]): Life[] {
  const lives: Life[] = [];
  const current = new Map<string, Life>();
  for (const entry of ofTable(audit, 'durable_instances')) {
    const row = rowOf<InstanceAudit>(entry);
    const life = current.get(row.instance_id);
    if (entry.change === 'delete') {
      if (life) life.gone = 'purged';
      current.delete(row.instance_id);
    } else if (life && (row.execution_id === life.last.execution_id || goesOn(life, row))) {
      if (row.execution_id !== life.last.execution_id) life.executions.push(row.execution_id);
      life.last = row;
    } else {
      if (life) life.gone = 'replaced';
      const next: Life = { instanceId: row.instance_id, program: inputOf(row).program, last: row, executions: [row.execution_id] };
      current.set(row.instance_id, next);
      lives.push(next);
    }
  }
  return lives;
}

export function hasEnded({ last }: Pick<Life, 'last'>): boolean {
  return isFinished(last.status as RuntimeStatus);
}

/** What a program saw, where its end tells. */
export function traceOf({ last }: Life): readonly Note[] | undefined {
  if (last.status === 'Completed') return JSON.parse(last.output ?? 'null') as readonly Note[];
  const { properties } = JSON.parse(last.failure ?? '{}') as { properties?: { trace?: readonly Note[] } };
  return last.status === 'Failed' ? properties?.trace : undefined;
}

/** By continueAsNew. */
function goesOn(life: Life, row: InstanceAudit): boolean {
  if (hasEnded(life)) return false;
  const before = inputOf(life.last);
  const after = inputOf(row);
  return after.program.id === before.program.id && after.generation === before.generation + 1;
}

function inputOf({ input }: InstanceAudit): ProgramInput {
  return JSON.parse(input!) as ProgramInput;
}
