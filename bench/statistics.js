/**
 * The value below which the share `quantile` (0 to 1) of the values lies.
 * @param {readonly number[]} values @param {number} quantile
 * @returns {number}
 */
export function quantileOf(values, quantile) {
  const sorted = [...values].sort((a, b) => a - b);
  return /** @type {number} */ (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))]);
}

/** @param {readonly number[]} values */
export function medianOf(values) {
  return quantileOf(values, 0.5);
}
