import { CheckpointError } from "@ama-sam/checkpoint";
import { DataError, DecodeError } from "@ama-sam/data";
import { InstancesError } from "@ama-sam/instances";
import { DeviceError } from "@ama-sam/tensor";
import { isMissingPart } from "./missing-part";
import type { EngineFailure, Trouble } from "./protocol";

/** An error whose kind of trouble is known where it is thrown. */
export class TroubleError extends Error {
  readonly trouble: Trouble;

  constructor(trouble: Trouble, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TroubleError";
    this.trouble = trouble;
  }
}

/** The kind of trouble that any error means. */
export function failureOf(error: unknown): EngineFailure {
  const message = error instanceof Error ? error.message : String(error);
  return { trouble: troubleOf(error), message };
}

function troubleOf(error: unknown): Trouble {
  if (error instanceof TroubleError) return error.trouble;
  if (DeviceError.isInstance(error)) {
    if (error.reason === "lost") return "device-lost";
    if (error.reason === "limit" || error.reason === "out-of-memory") return "too-little-memory";
    return "other";
  }
  if (error instanceof RangeError && /allocation|array buffer/i.test(error.message)) return "too-little-memory";
  if (error instanceof DOMException) {
    if (error.name === "AbortError") return "stopped";
    if (error.name === "QuotaExceededError" || error.name === "SecurityError") return "storage-refused";
  }
  if (
    DataError.isInstance(error) ||
    DecodeError.isInstance(error) ||
    CheckpointError.isInstance(error) ||
    InstancesError.isInstance(error)
  )
    return "input";
  return isMissingPart(error) ? "part-missing" : "other";
}
