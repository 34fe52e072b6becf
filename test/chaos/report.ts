/** One line of numbers for each run, printed as a table past jest, which would hold it back. */

export interface Report {
  readonly database: string;
  readonly workers: number;
  readonly seed: number;
  readonly seconds: number;
  readonly kills: number;
  readonly 'idle kills': number;
  readonly orchestrations: number;
  readonly instances: number;
  readonly events: number;
  readonly 'events, no worker': number;
  readonly takeovers: number;
  readonly 'refused commits': number;
  readonly activities: number;
  readonly interrupted: number;
  readonly 'run again': number;
  readonly 'seen committed': number;
}

export function printReport(reports: readonly Report[]): void {
  const [first] = reports;
  if (!first) return;
  const columns = Object.keys(first) as (keyof Report)[];
  const rows = [columns, ...reports.map((report) => columns.map((column) => String(report[column])))];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index]!.length)));
  const lines = rows.map((row) => row.map((cell, index) => cell.padStart(widths[index]!)).join(' | '));
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('-|-'));
  process.stderr.write(`\nCrash test (CHAOS_SEED repeats its plans)\n${lines.join('\n')}\n\n`);
}
