/** What goes through the steps, and the steps: the same as in ../application. */

/** @typedef {{ readonly number: number, readonly done: readonly string[], readonly note: string }} Order */

/** Some 200 bytes, which each of the three steps takes and gives back. */
const NOTE = 'x'.repeat(160);

/** @param {number} number @returns {Order} */
export const newOrder = (number) => ({ number, done: [], note: NOTE });

/** @param {Order} order @returns {Promise<Order>} */
export const reserve = async (order) => ({ ...order, done: [...order.done, 'reserved'] });

/** @param {Order} order @returns {Promise<Order>} */
export const charge = async (order) => ({ ...order, done: [...order.done, 'charged'] });

/** @param {Order} order @returns {Promise<Order>} */
export const ship = async (order) => ({ ...order, done: [...order.done, 'shipped'] });

/** A step of long sequences and fan-outs. @param {number} number */
export const increment = async (number) => number + 1;

/** @param {readonly number[]} numbers */
export const sumOf = (numbers) => numbers.reduce((sum, number) => sum + number, 0);

/** @param {Order} order */
export function assertFulfilled({ number, done }) {
  if (done.join() !== 'reserved,charged,shipped') throw new Error(`Sequence ${number} ended after ${done.join(', ') || 'no step'}.`);
}

/** @param {number} counted @param {number} expected */
export function assertCounted(counted, expected) {
  if (counted !== expected) throw new Error(`${counted} were counted, not ${expected}.`);
}
