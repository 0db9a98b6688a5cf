import type { Tool } from "@ama-sam/viewer";
import { Icon } from "../parts/icon";

/** How nuclei are drawn. */
export interface Look {
  visible: boolean;
  opacity: number;
  fill: number;
}

interface Props {
  disabled: boolean;
  tool: Tool;
  onTool: (tool: Tool) => void;
  /** Whether the model has learned to answer clicks. */
  prompts: boolean;
  look: Look;
  onLook: (look: Look) => void;
  canUndo: boolean;
  canRedo: boolean;
  onUndo: () => void;
  onRedo: () => void;
  onDelete: () => void;
  /** 0 shows everything. */
  onZoom: (factor: number) => void;
}

const TOOLS: readonly { tool: Tool; icon: "move" | "point" | "draw"; word: string; title: string }[] = [
  { tool: "pan", icon: "move", word: "Move", title: "Drag moves the image, a click selects a nucleus" },
  { tool: "point", icon: "point", word: "Ask SAM", title: "Click a nucleus or drag a box around it: SAM outlines it" },
  { tool: "draw", icon: "draw", word: "Draw", title: "Drag around a nucleus to add it by hand" },
];

/** Tools, edits and looks over the image. */
export function Toolbar({
  disabled,
  tool,
  onTool,
  prompts,
  look,
  onLook,
  canUndo,
  canRedo,
  onUndo,
  onRedo,
  onDelete,
  onZoom,
}: Props) {
  return (
    <div class="tools" role="toolbar" aria-label="Tools">
      {TOOLS.map(({ tool: name, icon, word, title }) => (
        <button
          key={name}
          type="button"
          disabled={disabled}
          aria-pressed={tool === name}
          aria-label={word}
          onClick={() => onTool(name)}
          title={
            name === "point" && !prompts
              ? "This model never learned to answer clicks: it takes SAM's weights (see Weights)"
              : title
          }
        >
          <Icon name={icon} /> <span class="words">{word}</span>
        </button>
      ))}
      <span class="gap" />
      <button
        type="button"
        disabled={disabled}
        onClick={onDelete}
        aria-label="Delete the selected nucleus"
        title="Delete the selected nucleus (Delete)"
      >
        <Icon name="delete" />
      </button>
      <button type="button" disabled={!canUndo} onClick={onUndo} aria-label="Undo" title="Undo">
        <Icon name="undo" />
      </button>
      <button type="button" disabled={!canRedo} onClick={onRedo} aria-label="Redo" title="Redo">
        <Icon name="redo" />
      </button>
      <span class="gap" />
      <button type="button" class="zoom" disabled={disabled} onClick={() => onZoom(1.4)} aria-label="Zoom in">
        <Icon name="in" />
      </button>
      <button type="button" class="zoom" disabled={disabled} onClick={() => onZoom(1 / 1.4)} aria-label="Zoom out">
        <Icon name="out" />
      </button>
      <button
        type="button"
        disabled={disabled}
        onClick={() => onZoom(0)}
        aria-label="Show everything"
        title="Show everything"
      >
        <Icon name="fit" />
      </button>
      <span class="looks">
        <label>
          <input
            type="checkbox"
            checked={look.visible}
            disabled={disabled}
            onChange={(e) => onLook({ ...look, visible: e.currentTarget.checked })}
          />{" "}
          Outlines
        </label>
        <label>
          <input
            type="checkbox"
            checked={look.fill > 0}
            disabled={disabled}
            onChange={(e) => onLook({ ...look, fill: e.currentTarget.checked ? 0.3 : 0 })}
          />{" "}
          Fill
        </label>
        <label title="Opacity of the outlines">
          <input
            type="range"
            min="0"
            max="1"
            step="0.05"
            value={look.opacity}
            disabled={disabled}
            aria-label="Opacity of the outlines"
            onInput={(e) => onLook({ ...look, opacity: Number(e.currentTarget.value) })}
          />
        </label>
      </span>
    </div>
  );
}
