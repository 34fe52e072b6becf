import { BadRequestException } from '@nestjs/common';

/** For `catch`: the client refuses the token of a page that is none of its own. */
export function asBadRequest(error: unknown): never {
  throw error instanceof TypeError ? new BadRequestException(error.message) : error;
}

/** A whole number from 1 to `maximum` out of a request. */
export function wholeNumber(what: string, value: unknown, maximum: number): number {
  if (isWhole(value, maximum)) return value;
  throw new BadRequestException(`${what} must be a whole number from 1 to ${maximum}.`);
}

export function isWhole(value: unknown, maximum: number): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= maximum;
}
