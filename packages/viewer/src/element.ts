import type { LabelInput } from "@ama-sam/instances";
import type { ViewerImage } from "./image-pyramid";
import type { Tool } from "./pointer";
import { createViewer, type Viewer, type ViewerEvents } from "./viewer";

/** The element's properties; attributes: `label`, `tool`, `opacity`. */
export interface ViewerElement extends HTMLElement {
  /** The function API; null while the element is in no document. */
  readonly viewer: Viewer | null;
  image: ViewerImage | null;
  labels: LabelInput | null;
}

const EVENTS: (keyof ViewerEvents)[] = ["select", "point", "box", "path", "delete", "view"];
const isTool = (value: string | null): value is Tool => value === "pan" || value === "point" || value === "draw";

/**
 * Registers `<ama-sam-viewer>`. The viewer's events are dispatched as `CustomEvent`s named `nuclei-select`, `nuclei-point`, ...
 * Calling it again is harmless.
 */
export function defineViewerElement(name = "ama-sam-viewer"): void {
  if (customElements.get(name)) return;
  // Made here and not at the top: there is no HTMLElement where pages are rendered on a server.
  class Element extends HTMLElement implements ViewerElement {
    static readonly observedAttributes = ["opacity", "tool", "label"];
    #viewer: Viewer | null = null;
    #image: ViewerImage | null = null;
    #labels: LabelInput | null = null;

    get viewer(): Viewer | null {
      return this.#viewer;
    }

    get image(): ViewerImage | null {
      return this.#image;
    }

    set image(image: ViewerImage | null) {
      this.#image = image;
      this.#labels = null;
      this.#viewer?.setImage(image);
    }

    get labels(): LabelInput | null {
      return this.#labels;
    }

    set labels(labels: LabelInput | null) {
      this.#labels = labels;
      this.#viewer?.setLayer("nuclei", labels ? { labels, opacity: this.#opacity() } : null);
    }

    connectedCallback(): void {
      if (!this.style.display) this.style.display = "block";
      const label = this.getAttribute("label");
      const tool = this.getAttribute("tool");
      const viewer = createViewer(this, { ...(label ? { label } : {}), ...(isTool(tool) ? { tool } : {}) });
      this.#viewer = viewer;
      for (const event of EVENTS)
        viewer.on(event, (detail) => this.dispatchEvent(new CustomEvent(`nuclei-${event}`, { detail, bubbles: true })));
      if (this.#image) viewer.setImage(this.#image);
      if (this.#labels) this.labels = this.#labels;
    }

    disconnectedCallback(): void {
      this.#viewer?.dispose();
      this.#viewer = null;
    }

    attributeChangedCallback(attribute: string, _: string | null, value: string | null): void {
      if (!this.#viewer) return;
      if (attribute === "opacity") this.#viewer.styleLayer("nuclei", { opacity: this.#opacity() });
      if (attribute === "tool" && isTool(value)) this.#viewer.tool = value;
      if (attribute === "label" && value) this.#viewer.canvas.setAttribute("aria-label", value);
    }

    #opacity(): number {
      const value = Number(this.getAttribute("opacity") ?? 1);
      return Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 1;
    }
  }
  customElements.define(name, Element);
}
