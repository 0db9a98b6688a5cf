import type { Trouble } from "../engine/protocol";

/** One state of the page that needs a word, with its one next step. */
export interface Notice {
  trouble: Trouble | "software" | "untrained";
  /** What exactly happened, for those who want to know. */
  detail?: string;
}

interface Text {
  bad: boolean;
  what: string;
  next: string;
  action?: "reload" | "dismiss";
  /** The detail would only say the same again. */
  silent?: boolean;
}

const TEXTS: Record<Notice["trouble"], Text> = {
  "no-webgpu": {
    bad: true,
    silent: true,
    what: "This browser has no WebGPU, so nothing can be computed here.",
    next: "Open this page in a current Chrome, Edge, Safari or Firefox.",
  },
  insecure: {
    bad: true,
    silent: true,
    what: "WebGPU is offered to secure pages only.",
    next: "Open the page by https, or with npm start on this computer.",
  },
  "no-adapter": {
    bad: true,
    silent: true,
    what: "This browser has WebGPU, but found no graphics adapter.",
    next: "Switch on hardware acceleration in the browser's settings, then reload.",
    action: "reload",
  },
  "gpu-blocked": {
    bad: true,
    silent: true,
    what: "The GPU crashed again and the browser has blocked it for this page.",
    next: "Reload the page. Training goes on from its last saved step.",
    action: "reload",
  },
  "device-lost": {
    bad: false,
    what: "The GPU was reset.",
    next: "It is opened again by itself; run the last step once more.",
    action: "dismiss",
  },
  "too-little-memory": {
    bad: true,
    what: "This is too large for the memory of this GPU.",
    next: "Choose a smaller model or image, or close other tabs.",
    action: "dismiss",
  },
  "storage-refused": {
    bad: false,
    what: "This browser gives the page no storage (a private window?).",
    next: "Everything works until the page is closed. Download what you want to keep.",
    action: "dismiss",
  },
  software: {
    bad: false,
    what: "No graphics card is used: the processor does its work, slowly.",
    next: "Switch on hardware acceleration in the browser's settings; on Linux start Chrome with --enable-features=Vulkan.",
    action: "dismiss",
  },
  untrained: {
    bad: false,
    what: "This page comes without a trained model: what it outlines now is random.",
    next: "Load weights under Weights, or train a model under Train.",
  },
  download: {
    bad: false,
    what: "The download broke off.",
    next: "Press Download again: it goes on where it stopped.",
    action: "dismiss",
  },
  "part-missing": {
    bad: true,
    what: "A part of this page could not be fetched.",
    next: "Save what you need, check the connection, then reload: the page may have been renewed meanwhile.",
    action: "reload",
  },
  input: { bad: false, what: "This could not be read.", next: "Choose another file.", action: "dismiss" },
  stopped: { bad: false, what: "Stopped.", next: "", action: "dismiss" },
  other: {
    bad: true,
    what: "Something went wrong.",
    next: "Reload the page; if it comes again, please report the text below.",
    action: "reload",
  },
};

/** Notices with one next step each. */
export function Notices({ notices, onDismiss }: { notices: readonly Notice[]; onDismiss: (notice: Notice) => void }) {
  return (
    <div class="notices" role="status">
      {[...notices]
        .sort((a, b) => Number(TEXTS[b.trouble].bad) - Number(TEXTS[a.trouble].bad))
        .map((notice) => {
          const { bad, what, next, action, silent } = TEXTS[notice.trouble];
          return (
            <div key={notice.trouble} class={bad ? "notice bad" : "notice"} data-trouble={notice.trouble}>
              <p>
                <strong>{what}</strong> {next}
                {notice.detail && !silent && <small>{notice.detail.replace(/^\[\w+\] /, "")}</small>}
              </p>
              {action === "reload" && (
                <button type="button" onClick={() => location.reload()}>
                  Reload
                </button>
              )}
              {action === "dismiss" && (
                <button type="button" onClick={() => onDismiss(notice)}>
                  Understood
                </button>
              )}
            </div>
          );
        })}
    </div>
  );
}
