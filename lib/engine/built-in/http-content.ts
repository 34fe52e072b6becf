import { PayloadTooLargeError } from '../../core/errors.js';

/**
 * The body of a response as text, UTF-8, after decompression. No more than the limit is kept in memory.
 * @param what the body in words, for messages
 * @throws PayloadTooLargeError
 */
export async function readText({ body }: Response, what: string, maxBytes: number): Promise<string> {
  if (!body) return '';
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = '';
  // Leaving the loop cancels the rest.
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new PayloadTooLargeError(what, bytes, maxBytes);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
