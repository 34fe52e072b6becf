import type { DurableLogger } from '../../../../lib/core/logger.js';

/** Keeps the lines of a level. */
export class TestLog implements DurableLogger {
  readonly lines: { readonly level: 'log' | 'warn' | 'error'; readonly text: string }[] = [];

  log(message: unknown): void {
    this.lines.push({ level: 'log', text: String(message) });
  }

  warn(message: unknown): void {
    this.lines.push({ level: 'warn', text: String(message) });
  }

  error(message: unknown): void {
    this.lines.push({ level: 'error', text: String(message) });
  }
}
