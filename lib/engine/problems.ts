/** What an engine finds wrong, as the client's DurableHealth has it. */

export type ProblemKind =
  | 'notRunning' | 'heartbeat' | 'outdatedVersion' | 'database' | 'unowned' | 'blocked' | 'overdue' | 'backlog' | 'parked' | 'suspect' | 'eventLoop';

export interface Problem {
  readonly kind: ProblemKind;
  readonly message: string;
  readonly since: Date;
  readonly instanceId?: string;
  readonly handler?: { readonly kind: 'orchestrator' | 'entity' | 'activity'; readonly name: string; readonly version?: string };
  readonly partitions?: readonly number[];
}

/** A problem by what it is about. Where nobody knows since when, it is since it was found first. */
export interface Finding extends Omit<Problem, 'since'> {
  /** Epoch ms. */
  readonly since?: number;
}

/** Problems of one kind that a report tells of. */
const MAX_OF_KIND = 20;

/** Remembers since when what is found has been there. */
export class ProblemLedger {
  private firstSeen = new Map<string, number>();

  /** @param now epoch ms */
  take(findings: readonly Finding[], now: number): Problem[] {
    const before = this.firstSeen;
    this.firstSeen = new Map();
    const problems: Problem[] = [];
    const counts = new Map<ProblemKind, number>();
    for (const { since, ...finding } of findings) {
      const key = JSON.stringify([finding.kind, finding.instanceId, finding.handler, finding.partitions]);
      const first = since ?? before.get(key) ?? now;
      this.firstSeen.set(key, first);
      const count = (counts.get(finding.kind) ?? 0) + 1;
      counts.set(finding.kind, count);
      if (count <= MAX_OF_KIND) problems.push({ ...finding, since: new Date(first) });
    }
    return problems;
  }
}
