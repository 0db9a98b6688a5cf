import type { ConfigInput } from "ama-sam";
import { useState } from "preact/hooks";
import type { StoredWeights, TrainingSet } from "../engine/protocol";
import { FileButton } from "../parts/file-button";
import { NumberField } from "../parts/number-field";
import { defaults, KEYS, type Settings, toConfig } from "./settings";

/** What the form gives. */
export interface Chosen {
  run: string;
  config: ConfigInput;
  sets: TrainingSet[];
  base: string | null;
}

const SAMPLES = ["dsb_purple_white", "dsb_lilac_low", "dsb_lilac_high", "dsb_pink_he", "dsb_fluo"];

/** Data, model and a few settings, by the command's schema. */
export function TrainForm({
  disabled,
  weights,
  taken,
  texts,
  onStart,
  fail,
}: {
  disabled: boolean;
  weights: readonly StoredWeights[];
  taken: readonly string[];
  /** Meanings of the configuration's keys. */
  texts: Readonly<Record<string, string>>;
  onStart: (chosen: Chosen) => void;
  fail: (error: unknown) => void;
}) {
  const [settings, setSettings] = useState<Settings>(defaults);
  const [primary, setPrimary] = useState<TrainingSet>({ name: SAMPLES[0]!, files: null });
  const [auxiliary, setAuxiliary] = useState<TrainingSet[]>(SAMPLES.slice(1).map((name) => ({ name, files: null })));
  const [base, setBase] = useState<string | null>(null);

  const picked = (files: File[]): TrainingSet => ({
    name: files[0]!.webkitRelativePath.split("/")[0] || "my images",
    files: files.map((file) => ({ path: file.webkitRelativePath.split("/").slice(1).join("/") || file.name, file })),
  });
  const toggle = (name: string): void =>
    setAuxiliary((now) =>
      now.some((set) => set.name === name) ? now.filter((set) => set.name !== name) : [...now, { name, files: null }],
    );
  const help = (key: keyof Settings): string => texts[KEYS[key]] ?? "";
  const set = (part: Partial<Settings>): void => setSettings((now) => ({ ...now, ...part }));

  const start = (event: Event): void => {
    event.preventDefault();
    const stem = `${settings.preset}-${primary.name}`.replace(/[^\w-]+/g, "-").slice(0, 40);
    let run = stem;
    for (let n = 2; taken.includes(run); n++) run = `${stem}-${n}`;
    const sets = [primary, ...auxiliary.filter(({ name }) => name !== primary.name)];
    try {
      onStart({
        run,
        config: toConfig(
          settings,
          sets.map(({ name }) => name),
        ),
        sets,
        base,
      });
    } catch (error) {
      fail(error);
    }
  };

  const number = (key: "steps" | "batch" | "seed" | "validateEvery", min: number, label: string) => (
    <NumberField
      label={label}
      help={help(key)}
      min={min}
      step={1}
      value={settings[key]}
      onValue={(value) => set({ [key]: Math.max(min, Math.round(value) || min) })}
    />
  );
  return (
    <form class="card" onSubmit={start} aria-label="New run">
      <h2>New run</h2>
      <div class="row">
        <span>Primary images</span>
        <select
          aria-label="Primary images"
          value={primary.files ? "" : primary.name}
          onChange={(e) => e.currentTarget.value && setPrimary({ name: e.currentTarget.value, files: null })}
        >
          {primary.files && <option value="">{`${primary.name} (${primary.files.length} files)`}</option>}
          {SAMPLES.map((name) => (
            <option key={name} value={name}>{`${name} (sample)`}</option>
          ))}
        </select>
        <FileButton folder onFiles={(files) => setPrimary(picked(files))}>
          Pick a folder
        </FileButton>
      </div>
      <p class="soft">
        A folder with images/ and labels/ or masks/, or a published layout (MoNuSeg, TNBC, CryoNuSeg, CPM-17, DSB 2018).
        It is copied into this browser's storage, so that the run survives.
      </p>
      <fieldset class="row">
        <legend>Auxiliary images, aligned with the primary ones</legend>
        {SAMPLES.filter((name) => name !== primary.name).map((name) => (
          <label key={name}>
            <input type="checkbox" checked={auxiliary.some((s) => s.name === name)} onChange={() => toggle(name)} />{" "}
            {name}
          </label>
        ))}
        {auxiliary
          .filter(({ files }) => files !== null)
          .map(({ name, files }) => (
            <label key={name}>
              <input type="checkbox" checked onChange={() => toggle(name)} /> {name} ({files!.length} files)
            </label>
          ))}
        <FileButton folder onFiles={(files) => setAuxiliary((now) => [...now, picked(files)])}>
          Add a folder
        </FileButton>
      </fieldset>
      <div class="fields">
        <label title={help("preset")}>
          <span>Model</span>
          <select
            value={settings.preset}
            onChange={(e) => set({ preset: e.currentTarget.value as Settings["preset"] })}
          >
            <option value="nano">nano (small)</option>
            <option value="vit-b">ViT-B</option>
            <option value="vit-l">ViT-L</option>
            <option value="vit-h">ViT-H</option>
          </select>
        </label>
        <label>
          <span>Start from</span>
          <select value={base ?? ""} onChange={(e) => setBase(e.currentTarget.value || null)}>
            <option value="">scratch</option>
            {weights.map(({ sha256, name }) => (
              <option key={sha256} value={sha256}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label title={help("align")}>
          <span>Alignment</span>
          <select value={settings.align} onChange={(e) => set({ align: e.currentTarget.value as Settings["align"] })}>
            <option value="cgrl">CGRL</option>
            <option value="grl">GRL</option>
            <option value="none">none</option>
          </select>
        </label>
      </div>
      <div class="fields">
        {number("steps", 1, "Steps")}
        {number("batch", 1, "Images a step")}
        {number("validateEvery", 0, "Score every, epochs")}
        {number("seed", 0, "Seed")}
        <NumberField
          label="Learning rate"
          help={help("lr")}
          min="0"
          step="any"
          value={settings.lr}
          onValue={(lr) => lr > 0 && set({ lr })}
        />
      </div>
      {settings.preset !== "nano" && base === null && (
        <p class="soft">This model learns little without SAM's weights: add them under Weights and choose them here.</p>
      )}
      <div class="row">
        <button type="submit" class="main" disabled={disabled}>
          Start
        </button>
      </div>
    </form>
  );
}
