export { defineViewerElement, type ViewerElement } from "./element";
export { ViewerError } from "./errors";
export type { ViewerImage } from "./image-pyramid";
export { type OutlineStyle, type OutlineTile, type OutlineTileOptions, outlineTile } from "./outline-tile";
export type { Tool } from "./pointer";
export type { Layer } from "./renderer";
export type { View } from "./view";
export { createViewer, type Viewer, type ViewerEvents, type ViewerOptions } from "./viewer";
