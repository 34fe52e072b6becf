/**
 * @typedef {import('../machine.js').Machine} Machine
 * @typedef {import('./suite.js').Size} Size
 * @typedef {import('./suite.js').WayResult} WayResult
 */

const NONE = '—';
/** @param {number | undefined} value */
const whole = (value) => (value === undefined ? NONE : Math.round(value).toString());
/** @param {number | undefined} value */
const decimals = (value) => (value === undefined ? NONE : value.toFixed(2));
/** Thousands apart. @param {number} value */
const count = (value) => value.toLocaleString('en').replaceAll(',', ' ');

/** The figures as a Markdown table, a column for each way. @param {readonly WayResult[]} results @param {Size} size */
export function tableOf(results, size) {
  /** @type {[label: string, valueOf: (figures: WayResult['figures']) => string][]} */
  const rows = [
    ['machine: a flushed write of 4 KiB, ms', ({ speed }) => decimals(speed.flush)],
    ['machine: small values through JSON and back, thousands/s', ({ speed }) => whole(speed.processor / 1_000)],
    [`${count(size.sequences)} sequences of three steps: runs/s`, ({ runsPerSecond }) => whole(runsPerSecond)],
    ['idle latency, p50 / p99 ms', ({ latency }) => `${decimals(latency.p50)} / ${decimals(latency.p99)}`],
    [`fan-out of ${count(size.fanOut)}, s`, ({ fanOutSeconds }) => decimals(fanOutSeconds)],
    [
      `${count(size.shortSequence)} / ${count(size.longSequence)} steps in sequence, s`,
      ({ shortSequenceSeconds, longSequenceSeconds }) => `${decimals(shortSequenceSeconds)} / ${decimals(longSequenceSeconds)}`,
    ],
    [`${count(size.operations)} calls of one entity by 32 runs: operations/s`, ({ oneEntityPerSecond }) => whole(oneEntityPerSecond)],
    [`${count(size.operations)} entities, a call each: operations/s`, ({ manyEntitiesPerSecond }) => whole(manyEntitiesPerSecond)],
  ];
  const header = ['', ...results.map(({ peer, way }) => `${peer}, ${way}`)];
  const lines = rows.map(([label, valueOf]) => [label, ...results.map(({ figures }) => valueOf(figures))]);
  // Entities are only in the table with a peer that has some.
  const told = lines.filter(([, ...values]) => values.some((value) => value !== NONE));
  return [header, header.map(() => '---'), ...told].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** @param {Machine} machine @param {readonly WayResult[]} results */
export function headingOf({ cores, cpu, system }, results) {
  const settings = new Set(results.map(({ peer, versions, node, durability }) => `${peer} ${versions}, Node ${node}: ${durability}`));
  return [`${cores} cores (${cpu}), ${system}`, ...settings].join('\n');
}
