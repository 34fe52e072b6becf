/** The value below which the share `quantile` (0 to 1) of the values lies. */
export function quantileOf(values: readonly number[], quantile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))]!;
}

export function medianOf(values: readonly number[]): number {
  return quantileOf(values, 0.5);
}
