import { useState } from "preact/hooks";

/** A number that is typed: what stands in the field stays while it is typed, whatever is drawn anew around it, and counts when it is done. */
export function NumberField({
  label,
  help,
  row,
  value,
  onValue,
  ...rest
}: {
  label: string;
  /** Shown over the field. */
  help?: string;
  /** Name and field side by side. */
  row?: boolean;
  /** Null: the field is empty. */
  value: number | null;
  /** NaN for an empty field or no number. */
  onValue: (value: number) => void;
  min?: number | string;
  step?: number | string;
  placeholder?: string;
  disabled?: boolean;
}) {
  const [draft, setDraft] = useState<string | null>(null);
  return (
    <label class={row ? "row" : undefined} title={help}>
      <span>{label}</span>
      <input
        {...rest}
        type="number"
        value={draft ?? value ?? ""}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onChange={(event) => {
          const typed = event.currentTarget.value;
          setDraft(null);
          onValue(typed === "" ? Number.NaN : Number(typed));
        }}
        onBlur={() => setDraft(null)}
      />
    </label>
  );
}
