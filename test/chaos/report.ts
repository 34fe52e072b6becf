/** One line of numbers for each run, printed as a table past jest, which would hold it back. */

export type Report = Readonly<Record<string, string | number>>;

export function printReport(title: string, reports: readonly Report[]): void {
  const [first] = reports;
  if (!first) return;
  const columns = Object.keys(first);
  const rows = [columns, ...reports.map((report) => columns.map((column) => String(report[column])))];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index]!.length)));
  const lines = rows.map((row) => row.map((cell, index) => cell.padStart(widths[index]!)).join(' | '));
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('-|-'));
  process.stderr.write(`\n${title} (CHAOS_SEED repeats its plans)\n${lines.join('\n')}\n\n`);
}
