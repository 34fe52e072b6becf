import { FAULT_KINDS } from './faults.js';
import type { SeedResult } from './simulation.js';

/** The results of many seeds, added up. */
export class Report {
  seeds = 0;
  calm = 0;
  virtualMs = 0;
  instances = 0;
  commits = 0;
  readonly failed: SeedResult[] = [];
  private readonly faults = new Map<string, { times: number; seeds: number }>(FAULT_KINDS.map((kind) => [kind, { times: 0, seeds: 0 }]));

  add(result: SeedResult): void {
    this.seeds += 1;
    if (result.isCalm) this.calm += 1;
    this.virtualMs += result.virtualMs;
    this.instances += result.instances;
    this.commits += result.commits;
    if (result.problems.length > 0) this.failed.push(result);
    for (const [kind, times] of Object.entries(result.faults)) {
      const sum = this.faults.get(kind)!;
      sum.times += times;
      sum.seeds += 1;
    }
  }

  /** For people: Markdown. */
  table(): string {
    const hours = (this.virtualMs / 3_600_000).toFixed(1);
    return [
      `${count(this.seeds)} seeds (${count(this.calm)} without faults), ${hours} virtual hours, ${count(this.instances)} executions, ${count(this.commits)} commits; ` +
        `${count(this.failed.length)} seeds failed.`,
      '',
      '| fault | injected | in seeds |',
      '|---|---:|---:|',
      ...[...this.faults].map(([kind, { times, seeds }]) => `| ${kind} | ${count(times)} | ${count(seeds)} |`),
    ].join('\n');
  }

  /** For programs. */
  toJSON(): object {
    const { seeds, calm, virtualMs, instances, commits, failed } = this;
    return { seeds, calm, virtualMs, executions: instances, commits, faults: Object.fromEntries(this.faults), failed: failed.map(({ seed, problems }) => ({ seed, problems })) };
  }
}

/** What is wrong with a seed, and how to see it again. */
export function describeFailure({ seed, summary, problems }: SeedResult): string {
  return [`Seed ${seed} (${summary}) failed:`, ...problems.map((problem) => `  ${problem}`), `  again, with all that happens: npm run simulate -- --seed ${seed}`].join('\n');
}

const count = (value: number) => value.toLocaleString('en-US').replaceAll(',', ' ');
