import type { Host, Peer } from "../types";

/** Opens a peer by its name; it must be installed. */
export function openLibrary(name: string, host: Host): Promise<Peer>;
