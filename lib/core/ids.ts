import { InvalidInstanceIdError } from './errors.js';

const MAX_LENGTH = 255;
// Lone surrogates are refused with the control characters: UTF-8 cannot hold them, so two such ids would become one.
const FORBIDDEN = /[/\\#?\p{Cc}\p{Cs}]/u;

/**
 * Checks an instance id that a user chose [N1].
 * @throws InvalidInstanceIdError when it is empty, begins with `@`, has more than 255 characters, or holds `/ \ # ?` or
 * control characters
 */
export function validateInstanceId(id: string): void {
  if (typeof id !== 'string') throw new InvalidInstanceIdError(String(id), `it is no string but ${typeof id}`);
  if (id === '') throw new InvalidInstanceIdError(id, 'it is empty');
  if (id.startsWith('@')) throw new InvalidInstanceIdError(id, "ids that begin with '@' belong to entities");
  validateIdText(id);
}

/** What holds for the ids of orchestrations and of entities: their length and characters [N1]. */
export function validateIdText(id: string): void {
  if (id.length > MAX_LENGTH) {
    throw new InvalidInstanceIdError(`${id.slice(0, 40)}…`, `it has ${id.length} characters, ${MAX_LENGTH} are allowed`);
  }
  if (FORBIDDEN.test(id)) {
    throw new InvalidInstanceIdError(id, "it holds one of / \\ # ? or a control character");
  }
}

/**
 * The partition of an instance: FNV-1a (32 bits) of the id's UTF-8, murmur3's `fmix32`, modulo the partition count.
 * A stored format: rows are found by it, so it never changes.
 */
export function partitionOf(instanceId: string, partitionCount: number): number {
  return mix(fnv1a(instanceId)) % partitionCount;
}

/** A partition, as the place that an id is to have. */
export interface PartitionPlace {
  readonly partition: number;
  readonly partitionCount: number;
}

/** Numbers that are tried to place an id; of 64 partitions not even one id in 10^27 has none among so many. */
const MAX_SALT = 4_096;

/**
 * The id of a sub-orchestration that was called without one [S1]. Execution ids are new in each generation and do not
 * grow with the depth, so neither does this.
 * @param place where the id is to lie; absent: wherever it hashes to
 */
export function subOrchestrationId(parentExecutionId: string, taskId: number, place?: PartitionPlace): string {
  const id = `${parentExecutionId}:${taskId}`;
  if (!place || partitionOf(id, place.partitionCount) === place.partition) return id;
  const hash = fnv1a(`${id}.`);
  for (let salt = 0; salt < MAX_SALT; salt++) {
    if (mix(fnv1a(String(salt), hash)) % place.partitionCount === place.partition) return `${id}.${salt}`;
  }
  return id;
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** @param begin the hash of what stands before the text */
function fnv1a(text: string, begin = FNV_OFFSET): number {
  let hash = begin;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return fnv1aOfBytes(Buffer.from(text), begin);
    hash = Math.imul(hash ^ code, FNV_PRIME);
  }
  return hash;
}

function fnv1aOfBytes(bytes: Uint8Array, begin: number): number {
  let hash = begin;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return hash;
}

/** FNV's low bits are weak for short ids that differ in one character; the avalanche spreads them. */
function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
