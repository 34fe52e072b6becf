/** What all lists have in common: pages of a limited size, in the order of a key, and a token with the key of the last entry. */

export interface Page<R> {
  readonly rows: readonly R[];
  /** Absent on the last page. */
  readonly continuationToken?: string;
}

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1_000;

/** @throws {TypeError} */
export function checkedPageSize(call: string, pageSize: number = DEFAULT_PAGE_SIZE): number {
  if (Number.isInteger(pageSize) && pageSize >= 1 && pageSize <= MAX_PAGE_SIZE) return pageSize;
  throw new TypeError(`${call}: pageSize must be a whole number from 1 to ${MAX_PAGE_SIZE}, but got ${String(pageSize)}.`);
}

/**
 * The position that a token stands for; `undefined` for none.
 * @throws {TypeError}
 */
export function decodeToken<P>(call: string, token: string | undefined, isPosition: (value: unknown) => value is P): P | undefined {
  if (token === undefined) return undefined;
  try {
    const position: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (isPosition(position)) return position;
  } catch {
    // No JSON: refused below with all other malformed tokens.
  }
  throw new TypeError(`${call}: the continuationToken is not one that ${call} returned.`);
}

/** A page of rows that were asked for with one more than it holds, which tells whether another page follows. */
export function pageOf<R>(found: readonly R[], pageSize: number, positionOf: (row: R) => unknown): Page<R> {
  const rows = found.slice(0, pageSize);
  const last = rows.at(-1);
  if (found.length === rows.length || last === undefined) return { rows };
  return { rows, continuationToken: Buffer.from(JSON.stringify(positionOf(last))).toString('base64url') };
}

/** The entries of all pages, each page read when it is needed. */
export async function* readAll<P extends { readonly continuationToken?: string }, E>(
  read: (continuationToken: string | undefined) => Promise<P>,
  entriesOf: (page: P) => readonly E[],
): AsyncGenerator<E, void, undefined> {
  let continuationToken: string | undefined;
  do {
    const page = await read(continuationToken);
    yield* entriesOf(page);
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);
}
