import type { Server } from "node:http";

export function buildPage(options?: { quiet?: boolean }): Promise<void>;
export function servePage(options?: { folder?: string; port?: number }): Promise<{ server: Server; url: string }>;
