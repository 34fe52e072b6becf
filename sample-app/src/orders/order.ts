export interface OrderLine {
  readonly sku: string;
  readonly quantity: number;
}

export interface Order {
  /** Also the id of its orchestration. */
  readonly id: string;
  readonly customer: string;
  readonly card: string;
  /** Whose account pays, in place of the card. */
  readonly account?: string;
  readonly lines: readonly OrderLine[];
  /** How long a large order waits for its approval. */
  readonly approvalTimeoutSeconds: number;
}

/** What somebody decided about a large order. */
export interface Decision {
  readonly approved: boolean;
  readonly by: string;
}

/** How an order ended. */
export type OrderOutcome =
  | { readonly state: 'shipped'; readonly total: number; readonly receiptId: string; readonly trackingNumber: string }
  | { readonly state: 'rejected'; readonly by: string }
  | { readonly state: 'out of stock' | 'not paid' | 'not shipped'; readonly reason: string };
