import type { IncomingMessage, Server, ServerResponse } from "node:http";

export function buildPage(options?: { quiet?: boolean }): Promise<void>;
export function servePage(options?: {
  folder?: string;
  port?: number;
  /** Answers a request itself and returns true, or returns false. */
  first?: (request: IncomingMessage, response: ServerResponse) => boolean;
}): Promise<{ server: Server; url: string }>;
