import type { Figure, Figures } from './figures.js';
import type { Machine } from './machine.js';
import { ROWS, type Column, type Row, type RowName } from './rows.js';

export interface DatabaseResult {
  readonly database: string;
  readonly durability: string;
  /** Whose targets apply. */
  readonly column: Column;
  readonly figures: Figures;
}

/** A figure beside its target. */
interface Judgement {
  readonly target: number;
  /** Of the target, 1 and more: met. */
  readonly reached: number;
  readonly verdict: 'met' | 'half' | 'missed';
}

/** The figures as a Markdown table: for each database the figure, its target, and the share of the raw limit. */
export function tableOf(results: readonly DatabaseResult[]): string {
  const header = ['', ...results.flatMap(({ database }) => [database, 'target', 'of it', '÷ raw'])];
  const names = (Object.keys(ROWS) as RowName[]).filter((name) => results.some(({ figures }) => figures[name]));
  const lines = names.map((name) => [ROWS[name].label, ...results.flatMap((result) => cellsOf(ROWS[name], result.figures[name], result.column))]);
  return [header, header.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cellsOf(row: Row, figure: Figure | undefined, column: Column): string[] {
  if (!figure) return ['', '', '', ''];
  const { value, note, ofRaw } = figure;
  const judgement = judge(row, value, column);
  return [
    `${row.format(value)}${note === undefined ? '' : ` (${note})`}`,
    judgement ? `${row.target!.bound === 'at least' ? '≥' : '≤'} ${row.format(judgement.target)}` : '',
    judgement ? `${percent(judgement.reached)}, ${judgement.verdict}` : '',
    ofRaw === undefined ? '' : percent(ofRaw),
  ];
}

/** Undefined where there is no target. */
function judge({ target }: Row, value: number, column: Column): Judgement | undefined {
  const wanted = target?.of[column];
  if (!target || wanted === undefined) return undefined;
  const reached = target.bound === 'at least' ? value / wanted : wanted / value;
  return { target: wanted, reached, verdict: reached >= 1 ? 'met' : reached >= 0.5 ? 'half' : 'missed' };
}

/** What the JSON file holds of a database: figures by name, with label, target and verdict. */
export function recordOf({ figures, column, ...rest }: DatabaseResult): object {
  const records = (Object.entries(figures) as [RowName, Figure][]).map(([name, figure]) => {
    const row: Row = ROWS[name];
    return [name, { label: row.label, ...figure, ...judge(row, figure.value, column) }];
  });
  return { ...rest, column, figures: Object.fromEntries(records) as unknown };
}

export function headingOf({ cores, cpu, system, node, load }: Machine, results: readonly DatabaseResult[]): string {
  return [
    `${cores} cores (${cpu}), ${system}, Node ${node}, load ${load.toFixed(1)} before`,
    ...results.map(({ database, durability }) => `${database}: ${durability}`),
  ].join('\n');
}

const percent = (value: number) => `${Math.round(value * 100)} %`;
