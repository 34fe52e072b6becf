/**
 * The parameters of a request's query, read from its URL: what the framework makes of them depends on settings of the
 * application.
 */
import { BadRequestException } from '@nestjs/common';
import { RUNTIME_STATUSES, type RuntimeStatus } from '../core/index.js';

const SECONDS = /^\d+(\.\d+)?$/;
const WHOLE = /^\d{1,9}$/;
/** A day, with or without a time; a time without a zone is in UTC. A day has none: that would be a time that lacks its T. */
const TIME = /^(\d{4}-\d\d-\d\d)(?:(T\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?)?$/i;

/** Parameters of one request. Each method throws BadRequestException, with the parameter's name, for a value that it cannot be. */
export class Query {
  private readonly parameters: URLSearchParams;

  /** @param text what follows the question mark */
  constructor(text: string) {
    this.parameters = new URLSearchParams(text);
  }

  text(name: string): string | undefined {
    const values = this.parameters.getAll(name);
    if (values.length > 1) throw new BadRequestException(`The parameter '${name}' is given ${values.length} times; give it once.`);
    return values[0];
  }

  /** The first of several. */
  first(name: string): string | undefined {
    return this.parameters.get(name) ?? undefined;
  }

  flag(name: string, preset: boolean): boolean {
    const value = this.text(name);
    if (value === undefined) return preset;
    if (!/^(true|false)$/i.test(value)) throw unlike(name, value, 'true or false');
    return value.toLowerCase() === 'true';
  }

  /** Seconds, as milliseconds. */
  seconds(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!SECONDS.test(value)) throw unlike(name, value, 'seconds, 0 or more');
    return Number(value) * 1_000;
  }

  /** A whole number from 1; what exceeds `maximum` counts as that. */
  count(name: string, maximum: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!WHOLE.test(value) || Number(value) === 0) throw unlike(name, value, 'a whole number from 1');
    return Math.min(Number(value), maximum);
  }

  time(name: string): Date | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    // The '+' of a zone that was not encoded has come as a space.
    const time = parseTime(value.replace(' ', '+'));
    if (time === undefined) throw unlike(name, value, "a time in the form 'yyyy-MM-ddTHH:mm:ssZ'");
    return time;
  }

  /** Statuses, separated by commas or in several parameters; `undefined` for none. */
  statuses(name: string): readonly RuntimeStatus[] | undefined {
    const values = this.parameters.getAll(name).flatMap((list) => list.split(',')).map((value) => value.trim()).filter((value) => value !== '');
    if (values.length === 0) return undefined;
    return values.map((value) => {
      const status = RUNTIME_STATUSES.find((known) => known.toLowerCase() === value.toLowerCase());
      if (status === undefined) throw unlike(name, value, `one or more of ${RUNTIME_STATUSES.join(', ')}`);
      return status;
    });
  }
}

function unlike(name: string, value: string, expected: string): BadRequestException {
  return new BadRequestException(`The parameter '${name}' is '${value}', but it must be ${expected}.`);
}

function parseTime(text: string): Date | undefined {
  const [, day, clock = 'T00:00', zone = 'Z'] = TIME.exec(text.toUpperCase()) ?? [];
  if (day === undefined) return undefined;
  const midnight = new Date(`${day}T00:00Z`);
  const time = new Date(`${day}${clock}${zone}`);
  // Date takes the 30th of February for the 2nd of March.
  const exists = !Number.isNaN(time.getTime()) && !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
  return exists ? time : undefined;
}
