import type { ComponentChildren } from "preact";

/** A button that picks files: a real file input, so that keyboards and screen readers know it. */
export function FileButton({
  children,
  accept,
  folder,
  disabled,
  onFiles,
  main,
}: {
  children: ComponentChildren;
  accept?: string;
  folder?: boolean;
  disabled?: boolean;
  main?: boolean;
  onFiles: (files: File[]) => void;
}) {
  return (
    <label class={main ? "button main" : "button"}>
      {children}
      <input
        type="file"
        accept={accept}
        disabled={disabled}
        multiple={folder}
        {...(folder ? { webkitdirectory: true } : {})}
        onChange={(event) => {
          const input = event.currentTarget;
          const files = [...(input.files ?? [])];
          input.value = ""; // the same file may be picked again
          if (files.length > 0) onFiles(files);
        }}
      />
    </label>
  );
}
