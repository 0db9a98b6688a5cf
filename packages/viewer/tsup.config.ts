// @boundaries-ignore one build for all packages
export { default } from "../../tools/tsup-package";
