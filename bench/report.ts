import type { Machine } from './machine.js';
import type { DatabaseResult, EntityResult, ThroughputResult } from './suite.js';

const whole = (value: number) => Math.round(value).toString();
const decimals = (value: number) => value.toFixed(2);
const percent = (value: number) => `${Math.round(value * 100)} %`;

/** The figures as a Markdown table, a column for each database. */
export function tableOf(results: readonly DatabaseResult[]): string {
  const rows: [label: string, valueOf: (result: DatabaseResult) => string][] = [
    ['raw limit, checkpoints/s merged by 32', ({ raw }) => `${whole(raw.checkpointsPerSecond)} (${raw.how})`],
    ...throughputRows('generated ids', ({ throughput }) => throughput.generated),
    ...throughputRows('supplied ids', ({ throughput }) => throughput.supplied),
    ...entityRows('1 000 signals to one entity', ({ entities }) => entities.oneEntity),
    ...entityRows('1 000 entities, a signal each', ({ entities }) => entities.manyEntities),
    ...entityRows('1 000 calls of one entity by 32 orchestrations', ({ entities }) => entities.callers),
    ['idle latency, p50 / p99 ms', ({ latency }) => `${decimals(latency.p50)} / ${decimals(latency.p99)}`],
    ['idle latency: checkpoints per orchestration, all started eagerly', ({ latency }) => decimals(latency.checkpointsPerOrchestration)],
    ['statements/s of an idle process', ({ idleStatementsPerSecond }) => decimals(idleStatementsPerSecond)],
    ['throughput while 100 000 instances are purged ÷ without', ({ purge }) => percent(purge.ratio)],
    ['purged instances/s meanwhile, with their histories', ({ purge }) => whole(purge.instancesPerSecond)],
  ];
  const header = ['', ...results.map(({ database }) => database)];
  const lines = [header, header.map(() => '---'), ...rows.map(([label, valueOf]) => [label, ...results.map(valueOf)])];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function throughputRows(title: string, of: (result: DatabaseResult) => ThroughputResult): [string, (result: DatabaseResult) => string][] {
  return [
    [`${title}: orchestrations/s`, (result) => whole(of(result).orchestrationsPerSecond)],
    [`${title}: checkpoints per orchestration`, (result) => decimals(of(result).checkpointsPerOrchestration)],
    [`${title}: commits per orchestration`, (result) => decimals(of(result).commitsPerOrchestration)],
    [`${title}: statements per orchestration`, (result) => decimals(of(result).statementsPerOrchestration)],
    [`${title}: checkpoints/s ÷ raw checkpoints/s`, (result) => percent(of(result).checkpointRatio)],
    [`${title}: orchestrations/s ÷ raw checkpoints/s`, (result) => percent(of(result).orchestrationRatio)],
  ];
}

function entityRows(title: string, of: (result: DatabaseResult) => EntityResult): [string, (result: DatabaseResult) => string][] {
  return [
    [`${title}: operations/s`, (result) => whole(of(result).operationsPerSecond)],
    [`${title}: checkpoints per operation`, (result) => decimals(of(result).checkpointsPerOperation)],
    [`${title}: commits per operation`, (result) => decimals(of(result).commitsPerOperation)],
    [`${title}: operations/s ÷ raw checkpoints/s`, (result) => percent(of(result).operationRatio)],
  ];
}

export function headingOf(machine: Machine, results: readonly DatabaseResult[]): string {
  const { cores, cpu, system, node, flush } = machine;
  return [
    `${cores} cores (${cpu}), ${system}, Node ${node}; a flushed write of 4 KiB takes ${decimals(flush)} ms`,
    ...results.map(({ database, durability }) => `${database}: ${durability}`),
  ].join('\n');
}
