import type { ViewerElement } from "@ama-sam/viewer";
import type { HTMLAttributes } from "preact";

declare module "preact" {
  namespace JSX {
    interface IntrinsicElements {
      "ama-sam-viewer": HTMLAttributes<ViewerElement> & { label?: string; tool?: string; opacity?: string };
    }
  }
}
